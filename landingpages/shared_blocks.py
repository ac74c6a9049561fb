"""Content blocks that several pages show: write one, delete one that nothing shows, and where each is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F, ProtectedError
from django.utils import timezone

from landingpages.editing import EditConflict
from landingpages.models import BlockKind, LandingPage, PageStatus, SharedBlock
from landingpages.parts import every_block
from landingpages.snapshots import clean_block_texts
from profiles.actors import actor

By = AbstractUser | str


class StillShown(Exception):
    """A page, as it is edited, shows the content block: nothing was deleted."""


@dataclass(frozen=True)
class Use:
    """A page that shows a content block: as it is edited, or as visitors see it."""

    page: LandingPage
    is_edited: bool  # the page in the builder has it
    is_online: bool  # visitors see it
    is_old: bool  # what visitors see is not what it says now


def create(label: str, texts: Mapping[str, Any], *, by: By) -> SharedBlock:
    """A new content block; its HTML is cleaned."""
    texts = clean_block_texts(BlockKind.RICH_TEXT, texts)
    return SharedBlock.objects.create(label=label, texts=texts, modified_by=actor(by))


def change(shared: SharedBlock, label: str, texts: Mapping[str, Any], *, by: By, revision: int) -> None:
    """Write it anew: pages show it so once they are published again. EditConflict where somebody else was faster."""
    stored = SharedBlock.objects.filter(pk=shared.pk, revision=revision)
    values = {"label": label, "texts": clean_block_texts(BlockKind.RICH_TEXT, texts)}
    if not stored.update(**values, revision=F("revision") + 1, modified_by=actor(by), modified_at=timezone.now()):
        raise EditConflict


def delete(shared: SharedBlock) -> None:
    """Versions that show it keep what they froze; StillShown where a page has it in the builder."""
    try:
        with transaction.atomic():
            shared.delete()
    except ProtectedError as error:
        raise StillShown from error


def uses(shared: SharedBlock) -> list[Use]:
    """The pages that show it, by their names."""
    edited = set(shared.blocks.values_list("page", flat=True))
    texts = clean_block_texts(BlockKind.RICH_TEXT, shared.texts)
    found = []
    for page in LandingPage.objects.select_related("version").order_by("label", "pk"):
        frozen = [block for block in _frozen(page) if block.get("shared_id") == shared.pk]
        if page.pk in edited or frozen:
            is_old = any(block["texts"] != texts for block in frozen)
            found.append(Use(page, page.pk in edited, bool(frozen), is_old))
    return found


def _frozen(page: LandingPage) -> list[dict[str, Any]]:
    """The blocks that visitors see."""
    is_seen = page.version is not None and page.status == PageStatus.ONLINE
    return list(every_block(page.version.content)) if page.version and is_seen else []
