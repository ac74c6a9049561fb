"""What a page contained at each of its last revisions, so that a change can be undone, and done again.

A state knows the revision that undoing it leads back to (`earlier`) and the one that redoing leads on to (`later`):
undoing is a new revision with the content of an older one, never a way back in time.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from landingpages.models import Block, LandingPage, PageState

KEPT = 50  # states of one page
NOT_COPIED = {"id", "page"}

Content = dict[str, Any]


def content_of(page: LandingPage) -> Content:
    """Every block with all of its columns, whatever kinds and columns there are."""
    fields = [field for field in Block._meta.concrete_fields if field.name not in NOT_COPIED]
    stored = Block.objects.filter(page=page)
    content = {"blocks": [{field.attname: field.value_from_object(block) for field in fields} for block in stored]}
    plain: Content = json.loads(json.dumps(content, cls=DjangoJSONEncoder))
    return plain


def begin(page: LandingPage, revision: int) -> None:
    """Keep what is there before the first change that is remembered."""
    if not PageState.objects.filter(page=page, revision=revision).exists():
        values = {"by": page.modified_by, "at": page.modified_at}
        PageState.objects.create(page=page, revision=revision, content=content_of(page), **values)


def record(page: LandingPage, revision: int, *, by: str) -> None:
    """Keep what a change led to. One that left the content alone passes on what can be undone."""
    before = PageState.objects.get(page=page, revision=revision - 1)
    now = content_of(page)
    is_same = now == before.content
    PageState.objects.create(
        page=page,
        revision=revision,
        content=now,
        earlier=before.earlier if is_same else before.revision,
        later=before.later if is_same else None,
        by=before.by if is_same else by,
        at=before.at if is_same else timezone.now(),
    )
    PageState.objects.filter(page=page, revision__lte=revision - KEPT).delete()


def restore(page: LandingPage, content: Content) -> None:
    """Put the blocks of the three pages back; a service, or whatever else one names, may be gone: then it names none."""
    Block.objects.filter(page=page).delete()
    known = _still_there(content["blocks"])
    Block.objects.bulk_create(
        Block(page=page, **{name: _known(name, value, known) for name, value in block.items()}) for block in content["blocks"]
    )


def _still_there(blocks: Iterable[Content]) -> dict[str, set[Any]]:
    """For each column that names a row elsewhere: which of the rows named exist."""
    found = {}
    for field in Block._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and field.name not in NOT_COPIED:
            named = {block.get(field.attname) for block in blocks} - {None}
            found[field.attname] = set(_rows(field).filter(pk__in=named).values_list("pk", flat=True))
    return found


def _rows(field: "models.ForeignKey[Any, Any]") -> models.QuerySet[Any]:
    return field.remote_field.model._base_manager.all()


def _known(name: str, value: Any, known: dict[str, set[Any]]) -> Any:
    return None if name in known and value not in known[name] else value
