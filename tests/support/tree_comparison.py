"""Holds our reading of an expression against PostgreSQL's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff

from pg_oracle import Rejected
from shapes import Shape, same_hidden
from tree_shapes import shape_of

from dfsql.grammar import Compound, Expr, children, parse_expression, walk


@dataclass(frozen=True)
class Verdict:
    """How two readings compare: `agree`, `differ`, `lenient` (only we accept) or `strict` (only PostgreSQL does)."""

    kind: str
    report: str = ""


def compared(text: str, theirs: Shape | Rejected) -> Verdict:
    """Our reading of a text beside PostgreSQL's."""
    tree, findings = parse_expression(text)
    if isinstance(theirs, Rejected):
        if tree is None or _is_opaque(tree, theirs.at):
            return Verdict("agree")
        refusal = f"PostgreSQL: {theirs.sqlstate} {theirs.message}, at {theirs.at}"
        return Verdict("lenient", f"{refusal}\nours:\n{shape_of(tree, text)}")
    if tree is None:
        return Verdict("strict", f"ours: {[finding.message for finding in findings]}\nPostgreSQL:\n{theirs}")
    ours = shape_of(tree, text)
    if ours == theirs and same_hidden(ours, theirs, text):
        bad_span = _bad_span(tree, text)
        return Verdict("differ", bad_span) if bad_span else Verdict("agree")
    lines = unified_diff(
        str(theirs).split("\n"), str(ours).split("\n"), "PostgreSQL", "ours", n=99, lineterm=""
    )
    return Verdict("differ", "\n".join(lines))


def _is_opaque(tree: Expr, at: int) -> bool:
    """Whether an offset is in text that we do not look into: arguments of other functions, subqueries."""
    return any(
        isinstance(node, Compound)
        and node.form in ("call", "subquery", "array", "in", "not in", "any", "some", "all")
        and node.start <= at <= node.end  # `character varying(3)` fails behind its end
        for node in walk(tree)
    )


def _bad_span(tree: Expr, text: str) -> str | None:
    """A span that overlaps its neighbours, leaves its parent or has blanks at its edges."""
    for node in walk(tree):
        at = node.start
        for child in children(node):
            if not at <= child.start < child.end <= node.end:
                return f"{child} is out of place in {node}"
            at = child.end
        if text[node.start : node.end].strip() != text[node.start : node.end]:
            return f"blanks at the edge of {node}"
    return None


def subexpressions(tree: Expr, text: str) -> Iterator[tuple[str, Shape]]:
    """Every part of a tree that is an expression by itself: its text, and the shape that text must have."""
    for node in walk(tree):
        if text[node.start] == "[":
            continue  # a row of a nested ARRAY
        yield text[node.start : node.end], shifted(shape_of(node, text), -node.start)


def shifted(shape: Shape, by: int) -> Shape:
    """A shape with every offset moved."""
    parts = tuple(shifted(part, by) for part in shape.parts)
    hidden = tuple(shifted(part, by) for part in shape.hidden)
    return replace(shape, at=shape.at + by if shape.at >= 0 else -1, parts=parts, hidden=hidden)


def shrunk(pieces: Sequence[str], fails: Callable[[str], bool]) -> str:
    """A shorter text that still fails: pieces are left out, long runs first."""
    kept = list(pieces)
    size = len(kept) // 2
    while size:
        at = 0
        while at < len(kept):
            fewer = kept[:at] + kept[at + size :]
            if fewer and fails("".join(fewer)):
                kept = fewer
            else:
                at += 1
        size //= 2
    return "".join(kept)
