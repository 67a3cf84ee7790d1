"""Random text literals of every kind PostgreSQL knows, spelt in every way it allows."""

from random import Random

_PLAIN = (
    "a",
    "SELECT 1",
    "$x",
    "{v}",
    "--",
    "/*",
    "*/",
    "é",
    "漢",
    "😀",
    "\t",
    "\n",
    ";",
    '"',
    "$",
    "%",
    "Z9_",
)
_GLUES = ("\n", " \n ", "\r\n", " -- more\n", "\n\n\t", "  --'x'\n -- y\n", "\f\n", "\v\n")
_TAGS = ("", "", "q", "tag_1", "é", "_")


def random_literal(rng: Random, limit: int = 6) -> str:
    """The source of one text literal; `limit` bounds its length in pieces."""
    return _national(rng, limit) if rng.random() < 0.15 else typed_literal(rng, limit)


def typed_literal(rng: Random, limit: int = 6) -> str:
    """A literal that may follow a type name, as N'...' may not."""
    return rng.choice((_plain, _plain, _escape, _unicode, _dollar))(rng, limit)


def _pieces(rng: Random, limit: int, specials: tuple[str, ...]) -> str:
    return "".join(
        rng.choice(specials) if rng.random() < 0.35 else rng.choice(_PLAIN)
        for _ in range(rng.randint(0, limit))
    )


def _quoted(rng: Random, limit: int, specials: tuple[str, ...]) -> str:
    """One or more quoted pieces, glued by white space with a newline in it."""
    count = 1 if rng.random() < 0.85 else rng.randint(2, 3)
    text = f"'{_pieces(rng, limit, specials)}'"
    for _ in range(count - 1):
        text += f"{rng.choice(_GLUES)}'{_pieces(rng, limit, specials)}'"
    return text


def _plain(rng: Random, limit: int) -> str:
    return _quoted(rng, limit, ("''", "\\", "\\n", "''''"))


def _national(rng: Random, limit: int) -> str:
    return rng.choice("Nn") + _quoted(rng, limit, ("''", "\\"))


def _escape(rng: Random, limit: int) -> str:
    simple = ("''", "\\'", "\\\\", "\\n", "\\r", "\\t", "\\b", "\\f", "\\v", "\\q", "\\?", "\\\n")
    coded = (
        "\\x41",
        "\\x4",
        "\\x7e",
        "\\101",
        "\\7",
        "\\12",
        "\\1018",
        "\\u00e9",
        "\\U0001F600",
        "\\uD83D\\uDE00",
    )
    return rng.choice("Ee") + _quoted(
        rng, limit, simple + coded + ("\\303\\251", "\\xc3\\xa9", "\\xe6\\xbc\\xa2")
    )


def _unicode(rng: Random, limit: int) -> str:
    mark, clause = rng.choice((("\\", ""), ("\\", ""), ("!", " UESCAPE '!'"), ("~", "\n uescape\t'~'")))
    coded = ("''", mark * 2, f"{mark}0041", f"{mark}+01F600", f"{mark}00e9", f"{mark}d83d{mark}de00")
    text = _quoted(rng, limit, coded)
    if clause and rng.random() < 0.3:
        clause = clause.replace(" ", " /* c */ ", 1) if rng.random() < 0.5 else clause.lower()
    return rng.choice("Uu") + "&" + text + clause


def _dollar(rng: Random, limit: int) -> str:
    tag = f"${rng.choice(_TAGS)}$"
    body = _pieces(rng, limit, ("'", "''", "\\", "$1", "$other$", "$ $"))
    while tag in body:
        body = body.replace(tag, "")
    if tag in body + tag[:-1]:  # the end of the body would begin the closing tag
        body += "."
    return tag + body + tag
