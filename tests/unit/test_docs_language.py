"""Every example of docs/language.md says what the page says it does."""

import re
from pathlib import Path

import pytest
from graph_shape import steps

from dfsql.compiler import check, compile, find_rule, to_envelope
from dfsql.compiler.catalogue import FUNCTIONS, Role

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "language.md").read_text("utf-8")
BLOCK = re.compile(
    r"(?:<!-- expect(?P<there> on pg_durable)?: (?P<codes>[A-Z0-9, ]+) -->\n)?```dfsql\n(?P<text>.*?)```",
    re.S,
)
BLOCKS = [(found["text"], found["codes"], bool(found["there"])) for found in BLOCK.finditer(PAGE)]
READINGS = PAGE[PAGE.index("<!-- readings -->") :].partition("\n\n")[0]
ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \|", re.M)


def codes_of(text: str, target: str) -> list[str]:
    return sorted({finding.code for finding in check(compile(text), target=target)})


@pytest.mark.parametrize(
    ("text", "codes", "there"), BLOCKS, ids=[text.splitlines()[0][:60] for text, *_ in BLOCKS]
)
def test_example(text: str, codes: str | None, there: bool) -> None:
    expected = codes.split(", ") if codes else []
    assert codes_of(text, "dfsql") == ([] if there else expected)
    if there:
        assert codes_of(text, "pg_durable") == expected


def test_every_block_is_tried() -> None:
    assert len(BLOCKS) == PAGE.count("```dfsql") > 40


@pytest.mark.parametrize(("written", "read"), ROW.findall(READINGS))
def test_reading(written: str, read: str) -> None:
    texts = [steps(part.replace("\\|", "|")) for part in (written, read)]
    (one,), (two,) = (compile(f"SELECT df.start({text});").graphs for text in texts)
    assert to_envelope(one) == to_envelope(two)


def test_the_table_of_readings_is_found() -> None:
    assert len(ROW.findall(READINGS)) == 15


@pytest.mark.parametrize("name", [name for name, forms in FUNCTIONS.items() if forms[0].role is Role.NODE])
def test_every_constructor_is_described_with_its_parameters(name: str) -> None:
    parameters = ", ".join(parameter.name for parameter in FUNCTIONS[name][0].parameters)
    assert f"`df.{name}({parameters})`" in PAGE


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            headings = {
                re.sub(r"[^a-z_ -]", "", line.lower()).replace(" ", "-")
                for line in re.findall(r"^#+ (.+)$", PAGE, re.M)
            }
            assert target[1:] in headings
        else:
            assert (ROOT / "docs" / target).is_file()
    for code in set(re.findall(r"DF\d\d\d", PAGE)):
        assert find_rule(code) is not None
