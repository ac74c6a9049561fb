"""Undo the last change of a page's content, or do it again. It survives a reload: what can be undone is stored."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from landingpages import states
from landingpages.editing import By, revised
from landingpages.models import LandingPage, PageState


class NothingToUndo(Exception):
    """There is no such change, or it was too long ago; nothing was written."""


@dataclass(frozen=True)
class LastChange:
    """What the builder says about the content that it shows."""

    can_undo: bool = False
    can_redo: bool = False
    by: str = ""
    at: datetime | None = None


def last_change(page: LandingPage) -> LastChange:
    """Who changed the content last, and what can be undone; one query."""
    kept = {state.revision: state for state in PageState.objects.filter(page=page).defer("content")}
    state = kept.get(page.revision)
    if state is None:
        return LastChange()
    return LastChange(state.earlier in kept, state.later in kept, state.by, state.at)


def undo(page: LandingPage, *, by: By, revision: int | None = None) -> str:
    """Bring back the content before the last change; who made that change. EditConflict like every verb of `editing`."""
    return _go(page, by=by, revision=revision, is_undo=True)


def redo(page: LandingPage, *, by: By, revision: int | None = None) -> str:
    """Bring back the content that the last undo took away; who had undone it."""
    return _go(page, by=by, revision=revision, is_undo=False)


def _go(page: LandingPage, *, by: By, revision: int | None, is_undo: bool) -> str:
    expected = page.revision if revision is None else revision
    with transaction.atomic():
        with revised(page, by=by, revision=expected):
            current = PageState.objects.filter(page=page, revision=expected).first()
            target = _target(current, is_undo=is_undo)
            if current is None or target is None:
                raise NothingToUndo
            states.restore(page, target.content)
        way = {"earlier": target.earlier, "later": expected} if is_undo else {"later": target.later}
        PageState.objects.filter(page=page, revision=expected + 1).update(**way)
    return current.by


def _target(current: PageState | None, *, is_undo: bool) -> PageState | None:
    if current is None:
        return None
    wanted = current.earlier if is_undo else current.later
    return PageState.objects.filter(page=current.page, revision=wanted).first() if wanted is not None else None
