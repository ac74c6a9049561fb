"""Whom an id means: a profile, or the one that it was merged into (profiles.merging)."""

import uuid
from collections.abc import Collection
from functools import cache
from itertools import islice

from django.db import connection
from django.db.models import QuerySet
from django.http import Http404

from profiles import prepared
from profiles.models import Profile, ProfileAlias

ASKED_AT_ONCE = 500  # ids of one query


def by_public_id(public_id: uuid.UUID) -> Profile | None:
    """The profile of a link; a second query only for links that no present profile has."""
    present = Profile.objects.filter(public_id=public_id).first()
    return present or Profile.objects.filter(aliases__former_public_id=public_id).first()


def by_id(pk: int) -> Profile | None:
    """The profile with this id, or the one that it was merged into."""
    present = Profile.objects.filter(pk=pk).first()
    return present or Profile.objects.filter(aliases__former_id=pk).first()


def get_or_404(pk: int) -> Profile:
    if (profile := by_id(pk)) is None:
        raise Http404
    return profile


def held(pk: int) -> Profile:
    """The profile, or its winner, locked until the transaction ends: a merge waits for us, or we for it.

    Raises Profile.DoesNotExist where it was erased.
    """
    with prepared.cursor() as cursor:
        cursor.execute(_holding(connection.vendor), [pk])
        row = cursor.fetchone()
    if row is None:
        return _rows_to_hold().get(aliases__former_id=pk)
    return prepared.instance(Profile, row)


def _rows_to_hold() -> QuerySet[Profile]:
    return Profile.objects.select_for_update(no_key=True, of=("self",)).order_by()


@cache
def _holding(vendor: str) -> str:
    """Read and lock the row of an id, on the database in use."""
    return str(_rows_to_hold().filter(pk=0).query.get_compiler(connection.alias).as_sql()[0])


def in_bulk(ids: Collection[int]) -> dict[int, Profile]:
    """Id -> profile; a merged-away id leads to its winner."""
    found = Profile.objects.in_bulk(list(ids))
    if gone := [pk for pk in ids if pk not in found]:
        aliases = ProfileAlias.objects.filter(former_id__in=gone).select_related("winner")
        found |= {alias.former_id: alias.winner for alias in aliases}
    return found


def former_ids(profile: Profile) -> list[int]:
    """The ids that were merged into the profile, oldest merge first."""
    return list(ProfileAlias.objects.filter(winner=profile).order_by("pk").values_list("former_id", flat=True))


def all_ids(profile: Profile) -> list[int]:
    """The profile's id and those that were merged into it."""
    return [profile.pk, *former_ids(profile)]


def present_public_ids(public_ids: Collection[str]) -> dict[str, str]:
    """Former public id -> the winner's, of those of the ids that were merged away; no work where nobody was."""
    if not public_ids or not ProfileAlias.objects.exists():
        return {}
    found: dict[str, str] = {}
    waiting = iter(public_ids)
    while some := list(islice(waiting, ASKED_AT_ONCE)):
        pairs = ProfileAlias.objects.filter(former_public_id__in=some).values_list("former_public_id", "winner__public_id")
        found |= {str(former): str(winner) for former, winner in pairs}
    return found
