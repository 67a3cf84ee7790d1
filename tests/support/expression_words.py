"""The words that random expressions are made of; what comes up more often stands there more often."""

DSL = ("~>", "~>", "~>", "&", "|", "|=>", "?>", "!>")
OTHER = (
    "||", "||", "->", "->>", "~", "#", "&&", "@@", "@>", "<@", "?|", "!~~", "<->", "~>=~", "<=>", "|/",
    "=>>",
)  # fmt: skip
ARITHMETIC = ("+", "-", "*", "/", "%", "^")
COMPARISONS = ("=", "<>", "!=", "<", ">", "<=", ">=")
NAMED = (
    "OPERATOR(pg_catalog.~>)", "operator ( public.~> )", "OPERATOR(=)", "OPERATOR(pg_catalog.+)",
    "OPERATOR(df.s.&)",
)  # fmt: skip
PREFIXES = (
    "@>", "@>", "@>", "-", "+", "~", "@", "|/", "!!", "not", "NOT", "OPERATOR(pg_catalog.@>)", "& ", "||/",
)  # fmt: skip
TYPES = (
    "text", "TEXT", "varchar", "varchar(10)", "pg_catalog.text", "character varying(20)",
    "double precision", "int", "text[]", "jsonb", "timestamp with time zone",
    "timestamp(3) without time zone", '"My type"', "numeric(10, 2)", "bit varying(3)", "time",
    "public.ty[][]", "text[3]", "name", "char(3)", "boolean", "text ARRAY",
    "varchar /* c */ ( 10 )", "character -- it's\n varying",
    "timestamp /**/ with\ttime /* a */ zone", "numeric(10,2) [ ]",
)  # fmt: skip
NUMBERS = ("1", "42", "1.5", ".5", "1e3", "007", "0x1F", "1_000", "3.", "12345678901", "2.5E-3")
COLUMNS = ("a", "b", "t.c", "s.t.c", '"Q r"', "value", "é", "x_1$", "T.Name", '"a""b"', 't."U"', "new.id")
CALLEES = (
    "upper", "format", "pg_catalog.lower", "coalesce", "greatest", "row_to_json", "my_schema.f", '"F"',
    "nullif",
)  # fmt: skip
DF = (
    "df.sql", "df.seq", "df.if", "df.join3", "DF.Race", 'df."as"', "df . sleep", '"df".loop', "df.if_rows",
    "df.as",
)  # fmt: skip
NAMES = ("body", "condition", "then_branch", "method", '"Fut"', "url")
TESTS = (
    "IS NULL", "is not null", "ISNULL", "notnull", "IS TRUE", "IS NOT TRUE", "is false", "IS UNKNOWN",
    "is not unknown", "IS NOT FALSE",
)  # fmt: skip
LIKES = ("LIKE", "not like", "ILIKE", "NOT ILIKE", "SIMILAR TO", "not similar to")
SPACES = (" ", " ", " ", "\n", "\t", "  ", "\r\n", "\f", "\v", "\r")
COMMENTS = (
    "/* c */", "/* a /* 'b */ ~> */", "-- it's\n", "--\n", "/**/", "-- ~> $$ \r\n", "/* -- */", "/*/* */*/",
)  # fmt: skip
