"""Change the blocks of a delivery, undo it, do it again. Each verb makes the HTML anew and is a revision of the delivery.

All raise InvalidTransition, with nothing stored, where somebody else saved since `revision` or the delivery is under way;
NoSuchBlock where the block is gone.
"""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from deliveries import lifecycle, mailblocks, pictures
from deliveries.mailblocks import Block
from deliveries.models import BlockStep, ContentMode, Delivery

By = AbstractUser | str
Blocks = list[Block]
STEPS = 50  # that can be undone
MOST = 200  # blocks of one mail


class NoSuchBlock(Exception):
    """Somebody removed the block meanwhile; nothing was written."""


class NothingToUndo(Exception):
    """There is no such step, or it was too long ago; nothing was written."""


def place(blocks: Blocks, key: str) -> int:
    """Where the block stands, from 0; NoSuchBlock where it does not."""
    found = next((position for position, block in enumerate(blocks) if block["key"] == key), None)
    if found is None:
        raise NoSuchBlock
    return found


def added(blocks: Blocks, block: Block, position: int | None = None) -> Blocks:
    """With the block at this place, from 1; otherwise at the end, before the footer."""
    if len(blocks) >= MOST:
        return blocks
    at = len(blocks) if position is None else max(0, min(position - 1, len(blocks)))
    if position is None and blocks and blocks[-1]["kind"] == mailblocks.MailKind.FOOTER:
        at -= 1
    return [*blocks[:at], block, *blocks[at:]]


def moved(blocks: Blocks, key: str, position: int) -> Blocks:
    """With the block at this place, from 1; as near as there is one."""
    at = place(blocks, key)
    rest = [*blocks[:at], *blocks[at + 1 :]]
    to = max(0, min(position - 1, len(rest)))
    return [*rest[:to], blocks[at], *rest[to:]]


def changed(blocks: Blocks, key: str, values: dict[str, Any]) -> Blocks:
    at = place(blocks, key)
    return [*blocks[:at], blocks[at] | values, *blocks[at + 1 :]]


def removed(blocks: Blocks, key: str) -> Blocks:
    at = place(blocks, key)
    return [*blocks[:at], *blocks[at + 1 :]]


def store(delivery: Delivery, blocks: Blocks, *, by: By, **values: Any) -> None:
    """The blocks, and any other value of the delivery with them, as the next step; what was undone is forgotten."""
    with transaction.atomic():
        number = delivery.block_step + 1
        _revise(delivery, blocks, number, by, **values)
        BlockStep.objects.filter(delivery=delivery, number__gte=number).delete()
        BlockStep.objects.filter(delivery=delivery, number__lt=number - STEPS).delete()
        BlockStep.objects.create(delivery=delivery, number=number, blocks=blocks)


def undo(delivery: Delivery, *, by: By) -> None:
    """Bring back the blocks before the last change; NothingToUndo where there are none."""
    _go(delivery, delivery.block_step - 1, by)


def redo(delivery: Delivery, *, by: By) -> None:
    """Bring back the blocks that the last undo took away."""
    _go(delivery, delivery.block_step + 1, by)


def can(delivery: Delivery) -> dict[str, bool]:
    """Whether the last change can be undone, and the last undo done again; one query."""
    around = (delivery.block_step - 1, delivery.block_step + 1)
    kept = set(BlockStep.objects.filter(delivery=delivery, number__in=around).values_list("number", flat=True))
    return {"undo": around[0] in kept, "redo": around[1] in kept}


def begin(delivery: Delivery, *, by: By) -> None:
    """Make the content of blocks: those that there were, otherwise a few to begin with. The HTML as it was is gone."""
    blocks = delivery.blocks or mailblocks.start(with_preferences=delivery.preference_page_id is not None)
    store(delivery, blocks, by=by, content_mode=ContentMode.BLOCKS)


def leave(delivery: Delivery, *, by: By) -> None:
    """Go on with the HTML that the blocks give now. The blocks are kept."""
    stored = {"content_mode": ContentMode.HTML, "html": mailblocks.html_of(delivery)}
    lifecycle.revise(delivery, stored, revision=delivery.revision, by=by)


def _go(delivery: Delivery, number: int, by: By) -> None:
    with transaction.atomic():
        step = BlockStep.objects.filter(delivery=delivery, number=number).first()
        if step is None:
            raise NothingToUndo
        _revise(delivery, step.blocks, number, by)


def _revise(delivery: Delivery, blocks: Blocks, step: int, by: By, **values: Any) -> None:
    brand = values.get("brand", delivery.brand)
    html = mailblocks.compile_html(blocks, brand)
    stored = {"blocks": blocks, "html": html, "block_step": step, **values}
    lifecycle.revise(delivery, stored, revision=delivery.revision, by=by)
    pictures.hold(delivery)
