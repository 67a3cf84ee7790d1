"""Laws of the formatter: the same workflows, literals and comments afterwards; a second run changes nothing."""

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from random_expressions import random_tokens, spaced

from dfsql.grammar import Expr, Paren, Script, children, format_text, parse, strip_parens, walk
from dfsql.grammar.lexer import Tokens, statement_tokens

_STEPS = (
    "'a'", "df.sleep(5)", "$q$x\n  y$q$", "df.wait_for_signal('go')", "'SELECT 1' || 'x'", "df.if('c', 't', 'e')",
    "'one'\n 'two'", "upper('a')::text", "case when x then 'a' else 'b' end",
)  # fmt: skip
_OPERATORS = ("~>", "~>", "~>", "&", "|", "?>", "!>", "|=>", "|=>")
_PLACES = (
    "SELECT df.start({}, 'label');",
    "{};",
    "  x := 1; SELECT 1, df.start(fut => {}) AS id FROM t;",
    "DO $body$\nBEGIN\n\tIF x THEN\n\t\tPERFORM df.start({});\n\tEND IF;\nEND $body$;",
)
_BEFORE = "SELECT  1 ; -- not ours  \n\\echo  'x'\n"
_AFTER = "\r\n\n\n\n\nUPDATE t  SET a='b' \t\n   WHERE c /* x */;\n"
_WIDTHS = st.sampled_from((20, 60, 88, 200))
_NAMES = ("operator", "kind", "text", "parts", "type_name", "form", "name")


def steps(rng: Random, depth: int) -> list[str]:
    """The tokens of a workflow of the language's own operators and calls."""
    tokens: list[str] = []
    for number in range(rng.randint(1, 5)):
        if number:
            tokens.append(rng.choice(_OPERATORS))
            if tokens[-1] == "|=>":
                tokens.append("'name'")
                continue
        if rng.random() < 0.15:
            tokens.append("@>")
        tokens.extend(group(rng, depth - 1) if depth and rng.random() < 0.4 else [rng.choice(_STEPS)])
    return tokens


def group(rng: Random, depth: int) -> list[str]:
    """A parenthesis or a call with workflows inside."""
    call = rng.choice(("", "", "df.loop", "df.join", "df.if"))
    if not call:
        return ["(", *steps(rng, depth), ")"]
    tokens = [call, "("]
    for number in range(rng.randint(1, 3)):
        tokens += [","] * bool(number) + ["body", "=>"] * (rng.random() < 0.2) + steps(rng, depth)
    return [*tokens, ")"]


def random_file(seed: int) -> str | None:
    """A file with a workflow in it; None when what came out has syntax errors."""
    rng = Random(seed)
    places = list(_PLACES)
    if rng.random() < 0.5:
        tokens = random_tokens(rng, rng.randint(1, 6), rng.randint(5, 80))
    else:
        tokens = steps(rng, rng.randint(1, 4))
        places.append("SELECT {} AS id;")
    place = rng.choice(places)
    text = place.format("".join(spaced(rng, tokens, rng.choice((0.0, 0.2, 0.5)))))
    script = parse(text)
    read = not script.findings and script.workflows and (place != "{};" or script.statements[0].bare)
    return text if read else None


def dump(root: Expr) -> list[tuple[object, ...]]:
    """The nodes of a tree in order, without offsets and parentheses."""
    nodes: list[tuple[object, ...]] = []
    for node in walk(root):
        if not isinstance(node, Paren):
            words = [getattr(node, name, None) for name in _NAMES]
            arguments = tuple(argument.name for argument in getattr(node, "arguments", ()))
            below = [type(strip_parens(child)).__name__ for child in children(node)]
            nodes.append((type(node).__name__, *words, arguments, *below))
    return nodes


def workflows(script: Script) -> list[tuple[object, ...]]:
    """What the workflows of a script are, wherever they stand."""
    return [(found.kind, found.given_name, dump(found.expr)) for found in script.workflows]


def statements(text: str) -> list[Tokens]:
    """The tokens of a text by statement, those of a body in place of it."""
    found: list[Tokens] = []
    at = 0
    while at < len(text):
        tokens = statement_tokens(text, at)
        found.append(tokens)
        for index in range(len(tokens)):
            if tokens.word(index).startswith("$body$"):
                found.extend(statements(tokens.word(index)[6:-6]))
        at = tokens.end
    return found


def words(text: str) -> list[str]:
    """The tokens of a text in order, without parentheses."""
    every = (tokens.word(index) for tokens in statements(text) for index in range(len(tokens)))
    return [word for word in every if word not in ("(", ")") and not word.startswith("$body$")]


def comments(text: str) -> list[str]:
    """The comments of a text in order, without blanks at their end."""
    return [t.text[start:end].rstrip(" \t\f\v") for t in statements(text) for start, end in t.comments]


def outline(tokens: Tokens) -> str:
    """The text of a statement with every token and comment replaced by an x."""
    spans = sorted([*zip(tokens.starts, tokens.ends, strict=True), *tokens.comments])
    at, text = tokens.start, ""
    for start, end in spans:
        text, at = text + tokens.text[at:start] + "x", end
    return text + tokens.text[at : tokens.end]


@settings(max_examples=1500)
@given(st.integers(0, 1 << 62), _WIDTHS)
def test_formatting_keeps_workflows_tokens_and_comments(seed: int, width: int) -> None:
    text = random_file(seed)
    if text is None:
        return
    result = format_text(text, width=width)
    assert words(result) == words(text)
    assert comments(result) == comments(text)
    script = parse(result)
    assert not script.findings
    assert workflows(script) == workflows(parse(text))


@settings(max_examples=1500)
@given(st.integers(0, 1 << 62), _WIDTHS)
def test_formatting_twice_equals_once(seed: int, width: int) -> None:
    text = random_file(seed)
    if text is None:
        return
    once = format_text(text, width=width)
    assert format_text(once, width=width) == once


@settings(max_examples=300)
@given(st.integers(0, 1 << 62))
def test_no_line_gets_blanks_at_its_end(seed: int) -> None:
    text = random_file(seed)
    if text is None:
        return
    for tokens in statements(format_text(text)):
        assert not re.search(r"[ \t\f\v][\r\n]", outline(tokens))


@settings(max_examples=300)
@given(st.integers(0, 1 << 62))
def test_what_is_no_workflow_stays_as_it_is(seed: int) -> None:
    text = random_file(seed)
    if text is None:
        return
    result = format_text(_BEFORE + text + _AFTER)
    assert result.startswith(_BEFORE)
    assert result.endswith(_AFTER)
