"""Which blocks a loop around them brings control back to, with all that they have bound."""

from itertools import dropwhile, islice, takewhile
from typing import NamedTuple

from .blocks import Block, Blocks
from .graph import Kind


class Returns(NamedTuple):
    """Whether control can come back to the beginning of a block: from its end, and from a break in it.

    What the block has bound must then still be there: the root loop forgets all names between rounds, and a
    JOIN that is left by a break forgets what later branches have bound.
    """

    by_end: bool = False
    by_break: bool = False


def find_returns(blocks: Blocks) -> list[Returns]:
    """The answer for every block, by its number."""
    found = [Returns()]
    for block in blocks.all[1:]:  # parents first
        outer = blocks.holder(block.owner)
        around = found[outer.number]
        goes_on = outer.ends and around.by_end
        if blocks.ends[block.owner] and around.by_break:
            goes_on = goes_on or outer.can_break(blocks.position[block.owner] + 1, len(outer.items))
        if blocks.graph.nodes[block.owner].kind is Kind.LOOP:
            found.append(
                Returns(_is_let_out(blocks, block) and (goes_on or _repeats(blocks, block)), goes_on)
            )
        else:
            by_end = goes_on or (around.by_break and _precedes_break(blocks, block))
            found.append(Returns(by_end, around.by_break and _is_heard(blocks, block)))
    return found


def _is_let_out(blocks: Blocks, block: Block) -> bool:
    """Whether anything follows the end of a loop's body: a condition may go on for ever."""
    condition = blocks.inner[block.owner].get("condition")
    return condition is None or condition is block or condition.ends or condition.breaks


def _repeats(blocks: Blocks, block: Block) -> bool:
    """Whether the loop that owns a block can begin another round and know the names of the last one."""
    return block.owner > 0 and all(part.ends for part in blocks.inner[block.owner].values())


def _is_heard(blocks: Blocks, block: Block) -> bool:
    """Whether a break in a block leaves its owner: a JOIN heeds the first of its branches that breaks."""
    if blocks.graph.nodes[block.owner].kind is not Kind.JOIN:
        return True
    earlier = takewhile(lambda part: part is not block, blocks.inner[block.owner].values())
    return blocks.breaks[block.owner] and all(part.ends for part in earlier)


def _precedes_break(blocks: Blocks, block: Block) -> bool:
    """Whether the owner can break after this block has ended, with what the block has bound."""
    is_branch = blocks.graph.nodes[block.owner].kind is Kind.JOIN
    if not (block.role == "condition" or (is_branch and _is_heard(blocks, block))):
        return False
    later = dropwhile(lambda part: part is not block, blocks.inner[block.owner].values())
    return any(part.breaks for part in islice(later, 1, None))
