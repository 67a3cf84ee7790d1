"""Whatever is done to the corpus: the checker raises nothing, is quick, and points into the text."""

import random
from itertools import chain
from time import perf_counter

import golden
import pytest

from dfsql.compiler import check, compile

CORPUS = [
    golden.read(path) for path in chain(*((golden.DATA / name).glob("*.dfsql") for name in ("ok", "err")))
]
CORPUS = sorted(text for text in CORPUS if len(text) < 4000)
PIECES = (
    "'", "''", "$$", "$q$", "(", ")", "[", "~>", "|=>", "?>", "!>", "@>", "&", "|", "||", "=>", "$x", "$x.*", "$x.c?",
    "{v}", "{", "}", "--", "/*", "*/", "\n", "\r\n", "\t", ";", ",", "df.", "df.start(", "df.break()", "df.sleep(",
    "df.loop(", "E'\\", "U&'\\", "NULL", "CASE", "\0", "é", "🙂", "‘", "\\", "::text", "SELECT ", "DO $$", "BEGIN ",
)  # fmt: skip
ROUNDS = 250  # in each of the seeds


def mutate(rng: random.Random) -> str:
    """A text of the corpus with one to four places changed: cut out, doubled, or with something put in."""
    text = rng.choice(CORPUS)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        end = min(len(text), at + rng.choice((1, 1, 2, 5, 40)))
        action = rng.randrange(4)
        if action == 0:
            text = text[:at] + text[end:]
        elif action == 1:
            text = text[:end] + text[at:end] + text[end:]
        elif action == 2:
            other = rng.choice(CORPUS)
            start = rng.randrange(len(other))
            text = text[:at] + other[start : start + 60] + text[at:]
        else:
            text = text[:at] + rng.choice(PIECES) + text[at:]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_fuzz_of_the_checker(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        text = mutate(rng)
        target = rng.choice(("dfsql", "pg_durable"))
        start = perf_counter()
        findings = check(compile(text), target=target, parse_sql=rng.random() < 0.8)
        assert perf_counter() - start < 5, text
        for finding in findings:
            spans = [finding.span, *(label.span for label in finding.labels)]
            spans += [edit.span for fix in finding.fixes for edit in fix.edits]
            assert all(0 <= span.start <= span.end <= len(text) for span in spans), (finding, text)
            for fix in finding.fixes:
                golden.apply(text, fix)
        assert findings == sorted(findings, key=lambda finding: (finding.span, finding.code))
