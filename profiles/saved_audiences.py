"""What becomes of a saved audience: saved, copied, deleted. Only queries change; a list is made once (profiles.freezing)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles import audiences
from profiles.audiences import Tree
from profiles.consent import actor
from profiles.models import AudienceKind, AudienceMember, Freezing, SavedAudience

By = AbstractUser | str


class StaleAudience(Exception):
    """Somebody else changed or deleted the audience meanwhile: nothing was saved."""


class AudienceInUse(Exception):
    """A delivery, one of its rules or another audience needs the list; `uses` says which."""

    def __init__(self, uses: list["Use"]) -> None:
        super().__init__(", ".join(use.label for use in uses))
        self.uses = uses


@dataclass(frozen=True)
class Use:
    """Where a list is named. `is_over`: what names it does not need it any more."""

    label: str
    url: str
    is_over: bool = False


# What the apps above say: ids of lists -> (id, where it is named). Filled in AppConfig.ready().
USERS: list[Callable[[set[int]], Iterator[tuple[int, Use]]]] = []


def lists_in(tree: Any) -> set[int]:
    """The ids of the frozen lists that a tree names."""
    named = (leaf.get("value") for leaf in audiences.leaves(tree) if leaf["field"] == "audience")
    return {value for value in named if type(value) is int}


def as_tree(audience: SavedAudience) -> Tree:
    """What a delivery takes of it: a copy of the query, or the one condition that names the list."""
    return {"field": "audience", "operator": "in", "value": audience.pk} if audience.is_list else audience.tree


def create(tree: Tree, *, label: str, description: str = "", expires_on: date | None = None, by: By) -> SavedAudience:
    """A query with a name; InvalidAudience where the tree is not understood."""
    audiences.condition(tree)
    return SavedAudience.objects.create(
        label=label, description=description, tree=tree, expires_on=expires_on, created_by=actor(by), modified_by=actor(by)
    )


def change(audience: SavedAudience, changes: dict[str, Any], *, revision: int, by: By) -> None:
    """Store what an operator changed; StaleAudience, with nothing stored, where somebody saved since `revision`.

    Deliveries that copied the query keep what they copied. The tree of a list stays: it says how the list was made.
    """
    if "tree" in changes:
        if audience.is_list:
            raise ValueError("the members of a list do not follow from its tree")
        audiences.condition(changes["tree"])
        changes = changes | {"size": None, "counted_at": None} if changes["tree"] != audience.tree else changes
    rows = SavedAudience.objects.filter(pk=audience.pk, revision=revision)
    stored = changes | {"modified_at": timezone.now(), "modified_by": actor(by), "revision": F("revision") + 1}
    if not rows.update(**stored):
        raise StaleAudience
    audience.refresh_from_db()


def duplicate(audience: SavedAudience, *, by: By) -> SavedAudience:
    """A query of the same people: of a list, the query that the list was made from."""
    label = _("%(label)s (copy)") % {"label": audience.label}
    return SavedAudience.objects.create(
        label=label[:128], description=audience.description, tree=audience.tree, created_by=actor(by), modified_by=actor(by)
    )


def note_count(audience: SavedAudience, number: int) -> None:
    """What a query counted; the size of a list never changes."""
    queries = SavedAudience.objects.filter(pk=audience.pk, kind=AudienceKind.QUERY, revision=audience.revision)
    queries.update(size=number, counted_at=timezone.now())


def uses(shown: Iterable[SavedAudience]) -> dict[int, list[Use]]:
    """Where each of the lists is named; a query is copied, so nothing needs it."""
    found: dict[int, list[Use]] = {audience.pk: [] for audience in shown}
    lists = {audience.pk for audience in shown if audience.is_list}
    for user in [_queries_with, *USERS] if lists else []:
        for pk, use in user(lists):
            found[pk].append(use)
    return found


def delete(audience: SavedAudience) -> None:
    """Gone, with the members of a list; AudienceInUse where something still needs the list.

    What names it all the same, because it was saved in this very moment, is refused at its preparation.
    """
    with transaction.atomic():
        Freezing.objects.filter(pk=audience.pk).delete()  # first: whoever makes the list locks in this order
        SavedAudience.objects.select_for_update().filter(pk=audience.pk).first()
        needed = [use for use in uses([audience])[audience.pk] if not use.is_over]
        if needed:
            raise AudienceInUse(needed)
        AudienceMember.objects.filter(audience=audience.pk)._raw_delete("default")
        SavedAudience.objects.filter(pk=audience.pk).delete()


def delete_expired(today: date) -> int:
    """Audiences whose last day is over, but for those in use; the number of them."""
    number = 0
    for audience in SavedAudience.objects.filter(expires_on__lt=today):
        try:
            delete(audience)
            number += 1
        except AudienceInUse:
            continue
    return number


def _queries_with(lists: set[int]) -> Iterator[tuple[int, Use]]:
    for query in naming_a_list(SavedAudience.objects.filter(kind=AudienceKind.QUERY), "tree"):
        for pk in lists_in(query.tree) & lists:
            yield pk, Use(query.label, reverse("profiles:audience", args=[query.pk]))


def naming_a_list(rows: QuerySet[Any], column: str) -> QuerySet[Any]:
    """Those of which the tree in `column` may name a list: most name none and need not be read."""
    return rows.annotate(as_text=Cast(column, TextField())).filter(as_text__contains='"audience"')
