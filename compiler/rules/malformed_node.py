"""DF212: A hand-written node is not valid."""

from ...grammar import Severity
from .rule import Rule

HELP = "build the step with the functions of schema df instead of writing its JSON"

RULE = Rule(
    code="DF212",
    name="malformed-node",
    severity=Severity.ERROR,
    aliases=("P-19",),
    summary="A hand-written node is not valid.",
    rationale=(
        "A text that begins like a node's JSON is decoded as one. A node of an unknown type, with wrong "
        "fields or children is refused when the workflow is built or started."
    ),
    bad="""SELECT df.start('{"node_type":"THEN","left_node":123}');""",
    good="""SELECT df.start('{"node_type":"SQL","query":"SELECT 1"}');""",
)
