"""Change a page as it is edited: its blocks, their order, its settings. Visitors see nothing of it before it is published.

Every verb first raises the page's revision in a guarded UPDATE, inside its transaction: of two editors at once the
second is told (EditConflict) and nothing of hers is written. `revision` is the one that the form showed; left out, that
of the page in hand.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import states
from landingpages.blocks import known
from landingpages.kinds import KINDS
from landingpages.models import PREFERENCE_TYPES, SERVICE_TYPES, Block, BlockKind, LandingPage, Part
from landingpages.snapshots import clean_block_texts
from profiles.actors import actor
from profiles.models import Service

By = AbstractUser | str
CHANGED = ("field", "service", "shared", "image", "is_positive", "is_mandatory", "texts", "options", "visible_when")
COPIED = (
    "part",
    "kind",
    "field",
    "service_id",
    "shared_id",
    "image_id",
    "is_positive",
    "is_mandatory",
    "texts",
    "options",
    "visible_when",
)


class EditConflict(Exception):
    """Somebody else changed the page meanwhile: nothing was written."""

    def __str__(self) -> str:
        return _("Somebody else has changed this page meanwhile. Nothing of yours was saved: look at it and try again.")


class NoSuchBlock(LookupError):
    """The page has no block with this key."""


@contextmanager
def revised(page: LandingPage, *, by: By, revision: int | None = None) -> Iterator[None]:
    """The transaction of every verb: who raises the revision holds the page, everybody else finds another number.

    What the content was, and what it is then, is kept for `undoing`.
    """
    with transaction.atomic():
        expected = page.revision if revision is None else revision
        shown = LandingPage.objects.filter(pk=page.pk, revision=expected)
        if not shown.update(revision=F("revision") + 1, modified_by=actor(by), modified_at=timezone.now()):
            raise EditConflict
        states.begin(page, expected)
        yield
        states.record(page, expected + 1, by=actor(by))
    page.revision = expected + 1


@contextmanager
def rearranged(
    page: LandingPage, *, by: By, revision: int | None = None, part: str = "", key: uuid.UUID | str = ""
) -> Iterator[list[Block]]:
    """The blocks of one of the three pages, or of that with the block of this key, to be put into another order: their
    positions follow the list at the end."""
    with revised(page, by=by, revision=revision):
        every = list(Block.objects.filter(page=page))
        blocks = [block for block in every if block.part == (part or _found(every, key).part)]
        yield blocks
        _number(blocks)


def add(
    page: LandingPage,
    kind: str,
    *,
    by: By,
    revision: int | None = None,
    position: int | None = None,
    part: str = Part.CONTENT,
) -> Block:
    """A new block with the texts of its kind, at this position counted from 1, or before the button that ends the page.

    ValueError for a kind that this one of the three pages does not take.
    """
    entry = KINDS[BlockKind(kind)]
    if not entry.is_for(part):
        raise ValueError(_("The %(page)s page takes no block of this type.") % {"page": Part(part).label})
    block = Block(
        page=page,
        part=part,
        kind=entry.kind,
        field=entry.default_field,
        is_positive=entry.kind == BlockKind.SERVICE,  # check to subscribe
        is_mandatory=entry.kind == BlockKind.AGREEMENT,
        texts=clean_block_texts(entry.kind, entry.default_texts),
    )
    with rearranged(page, by=by, revision=revision, part=part) as blocks:
        blocks.insert(_place(blocks, kind) if position is None else _index(position, blocks), block)
    return block


def change(page: LandingPage, key: uuid.UUID | str, values: Mapping[str, Any], *, by: By, revision: int | None = None) -> Block:
    """Give a block another field, service, sense, options, condition or texts; what is not named stays as it is.

    ValueError for a field unknown to pages.
    """
    with rearranged(page, by=by, revision=revision, key=key) as blocks:
        block = _found(blocks, key)
        settle(block, values)
        block.save(update_fields=CHANGED)
    return block


def settle(block: Block, values: Mapping[str, Any]) -> None:
    """Give the block in hand these settings, as far as its kind has them; nothing is stored. ValueError like `change`."""
    kind = KINDS[BlockKind(block.kind)]
    block.field = values.get("field", block.field) if kind.takes_field else ""
    field = known([block.field]).get(block.field)
    if block.field and field is None:
        raise ValueError(_("No page can fill the field %(field)s.") % {"field": block.field})
    is_box = field is not None and bool(field.scope)
    is_about_a_service = kind.kind == BlockKind.SERVICE
    block.service_id = values.get("service_id", block.service_id) if is_about_a_service else None
    block.shared_id = values.get("shared_id", block.shared_id) if kind.kind == BlockKind.SHARED else None
    block.image_id = values.get("image_id", block.image_id) if kind.kind == BlockKind.IMAGE else None
    block.is_positive = bool(values.get("is_positive", block.is_positive)) and (is_box or is_about_a_service)
    wants = bool(values.get("is_mandatory", block.is_mandatory)) and kind.can_be_mandatory
    block.is_mandatory = wants or kind.kind == BlockKind.AGREEMENT
    block.texts = clean_block_texts(block.kind, values.get("texts", block.texts))
    block.options = dict(values.get("options", block.options))
    block.visible_when = dict(values.get("visible_when", block.visible_when))


def move_up(page: LandingPage, key: uuid.UUID | str, *, by: By, revision: int | None = None) -> None:
    """One place nearer to the top; the first block stays where it is."""
    with rearranged(page, by=by, revision=revision, key=key) as blocks:
        block = _found(blocks, key)
        _put(block, blocks.index(block), blocks)


def move_down(page: LandingPage, key: uuid.UUID | str, *, by: By, revision: int | None = None) -> None:
    """One place nearer to the end; the last block stays where it is."""
    with rearranged(page, by=by, revision=revision, key=key) as blocks:
        block = _found(blocks, key)
        _put(block, blocks.index(block) + 2, blocks)


def move_to(page: LandingPage, key: uuid.UUID | str, position: int, *, by: By, revision: int | None = None) -> None:
    """To a position counted from 1; beyond the ends means the end."""
    with rearranged(page, by=by, revision=revision, key=key) as blocks:
        _put(_found(blocks, key), position, blocks)


def duplicate(page: LandingPage, key: uuid.UUID | str, *, by: By, revision: int | None = None) -> Block:
    """An exact copy right below, under a new key; the checks say that both fill the same field."""
    with rearranged(page, by=by, revision=revision, key=key) as blocks:
        original = _found(blocks, key)
        copy = Block(page=page, **{name: getattr(original, name) for name in COPIED})
        blocks.insert(blocks.index(original) + 1, copy)
    return copy


def remove(page: LandingPage, key: uuid.UUID | str, *, by: By, revision: int | None = None) -> None:
    """Take the block off the page; versions that have it keep it."""
    with rearranged(page, by=by, revision=revision, key=key) as blocks:
        block = _found(blocks, key)
        blocks.remove(block)
        block.delete()


def change_page(page: LandingPage, values: Mapping[str, Any], *, by: By, revision: int | None = None) -> None:
    """Write label, address and settings; ValidationError where they cannot be.

    Making it the default of its type, or of its service and type, takes that from the page that was it.
    """
    service = values.get("service", page.service)
    try:
        with transaction.atomic():
            if values.get("is_default", page.is_default and "service" in values):
                _take_default(page, service)
            with revised(page, by=by, revision=revision):
                for name, value in values.items():
                    setattr(page, name, value)
                page.full_clean()
                page.save(update_fields=list(values))
    except IntegrityError as error:  # between the question and the answer
        raise ValidationError(_("Somebody else has just taken this address, or made another page the default.")) from error


def _take_default(page: LandingPage, service: Service | None) -> None:
    """No other page that the same link leads to is the default; locked in the order of their ids, so that two at once wait
    in turn."""
    types = PREFERENCE_TYPES if page.type in PREFERENCE_TYPES else (page.type,)
    about = {"service": service} if page.type in SERVICE_TYPES else {}
    involved = LandingPage.objects.filter(Q(is_default=True, **about) | Q(pk=page.pk), type__in=types)
    list(involved.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    involved.exclude(pk=page.pk).update(is_default=False)


def _found(blocks: list[Block], key: uuid.UUID | str) -> Block:
    for block in blocks:
        if str(block.key) == str(key):
            return block
    raise NoSuchBlock


def _put(block: Block, position: int, blocks: list[Block]) -> None:
    blocks.remove(block)
    blocks.insert(_index(position, blocks), block)


def _index(position: int, others: list[Block]) -> int:
    """The place in the list of a position counted from 1, kept within it."""
    return max(0, min(position - 1, len(others)))


def _place(blocks: list[Block], kind: str) -> int:
    """Where a new block goes by itself: to the end, but before the button that ends the page."""
    ends_with_button = blocks and blocks[-1].kind == BlockKind.BUTTON and kind != BlockKind.BUTTON
    return len(blocks) - 1 if ends_with_button else len(blocks)


def _number(blocks: list[Block]) -> None:
    """Positions 1, 2, 3 … in the order of the list; only what moved is written."""
    for position, block in enumerate(blocks, 1):
        if block.position != position or block.pk is None:
            block.position = position
            block.save()
