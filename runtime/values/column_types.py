"""Built-in types by their OIDs (pg_type.dat): which of them the worker renders, and which nobody can."""

BOOL, BYTEA = 16, 17
INTEGERS = frozenset((21, 23, 20))  # smallint, integer, bigint
REAL, DOUBLE = 700, 701
JSON = frozenset((114, 3802))  # json, jsonb
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
VOID = 2278

# Everything whose JSON is its text in quotes: PostgreSQL's own to_json says the same of all of these but
# numeric, whose digits a string keeps.
TEXTS = frozenset(
    (
        18,  # "char"
        19,  # name
        24,  # regproc
        25,  # text
        26,  # oid
        27,  # tid
        28,  # xid
        29,  # cid
        142,  # xml
        194,  # pg_node_tree
        600,  # point
        601,  # lseg
        602,  # path
        603,  # box
        604,  # polygon
        628,  # line
        650,  # cidr
        705,  # unknown
        718,  # circle
        774,  # macaddr8
        790,  # money
        829,  # macaddr
        869,  # inet
        1033,  # aclitem
        1042,  # char(n)
        1043,  # varchar
        1083,  # time
        1186,  # interval
        1266,  # timetz
        1560,  # bit
        1562,  # bit varying
        1700,  # numeric
        1790,  # refcursor
        2202,  # regprocedure
        2203,  # regoper
        2204,  # regoperator
        2205,  # regclass
        2206,  # regtype
        2275,  # cstring
        2950,  # uuid
        2970,  # txid_snapshot
        3220,  # pg_lsn
        3361,  # pg_ndistinct
        3402,  # pg_dependencies
        3614,  # tsvector
        3615,  # tsquery
        3642,  # gtsvector
        3734,  # regconfig
        3769,  # regdictionary
        3904,  # int4range
        3906,  # numrange
        3908,  # tsrange
        3910,  # tstzrange
        3912,  # daterange
        3926,  # int8range
        4072,  # jsonpath
        4089,  # regnamespace
        4096,  # regrole
        4191,  # regcollation
        4451,  # int4multirange
        4532,  # nummultirange
        4533,  # tsmultirange
        4534,  # tstzmultirange
        4535,  # datemultirange
        4536,  # int8multirange
        4600,  # pg_brin_bloom_summary
        4601,  # pg_brin_minmax_multi_summary
        5017,  # pg_mcv_list
        5038,  # pg_snapshot
        5069,  # xid8
    )
)

# No text tells what these hold: (name in messages, advice). `{}` is the column.
REFUSED = {
    BYTEA: (
        "BYTEA",
        "A result is JSON, which holds no bytes: write encode({}, 'base64') or encode({}, 'hex').",
    ),
    2249: ("RECORD", "A row without a type has no column names: write row_to_json({}) or to_jsonb({})."),
    2287: ("RECORD[]", "Rows without a type have no column names: write to_jsonb({})."),
    2277: ("ANYARRAY", "The type of its elements is not known: write to_jsonb({}) or {}::text."),
}

_LOCAL = frozenset((BOOL, REAL, DOUBLE, DATE, TIMESTAMP, TIMESTAMPTZ, VOID)) | INTEGERS | JSON | TEXTS


def needs_server(oid: int) -> bool:
    """Whether only the server can make JSON of a type's text: arrays, composite types, users' own types.

    False for all built-in scalar types, and for those that are refused. Domains arrive as their base type.
    """
    return oid not in _LOCAL and oid not in REFUSED
