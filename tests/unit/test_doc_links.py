"""Every relative link of the documentation leads to a file, every anchor to a heading, every page is linked."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "README.md"])

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its code, which may look like links and headings."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What Markdown viewers make of headings: small letters, hyphens for blanks, other signs dropped."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        while anchor in found:
            anchor += "-1"
        found.add(anchor)
    return found


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """A page's relative links: as written, the file, the anchor."""
    for link in _LINK.findall(_CODE.sub("", prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        yield link, (page.parent / target).resolve() if target else page, anchor


def broken(page: Path) -> Iterator[str]:
    for link, target, anchor in links(page):
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page.suffix == ".md" and page not in reached:
            reached.add(page)
            todo += [target for _, target, _ in links(page) if target.is_file()]
    assert [page.relative_to(ROOT).as_posix() for page in PAGES if page not in reached] == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One `two`, three!\n[a](#one-two-three) [b](#four) [c](page.md#one) [d](page.md) [e](no.md)\n"
        "[f](https://example.org/no.md) `[g](no.md)`\n```text\n# four\n[h](no.md)\n```\n",
        encoding="utf-8",
    )
    assert list(broken(page)) == ["#four", "page.md#one", "no.md"]
