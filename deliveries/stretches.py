"""A stretch of a long log: the rows before or after a place, found by the key, as quick at the end as at the beginning."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deliveries.models import Message, MessageQuerySet
from profiles import finding
from profiles.fields import prefix, prefix_unindexed
from profiles.models import Profile, ProfileAlias
from profiles.models.people import ways_to_match

ROWS = 50
FEW = 1000  # people whom a search finds that are named one by one; of more, a page is full before long
LARGEST = 2**63 - 1  # a profile id


@dataclass(frozen=True)
class Stretch:
    """`before` and `after` are the places where the neighbouring stretches begin; None at the ends."""

    rows: list[Message]
    before: int | None = None
    after: int | None = None

    def counted(self, number: int | None) -> str:
        """How many people there are, in words: `number` where it is known, else what can be seen from here."""
        seen = len(self.rows) if number is None else number
        told = number_format(seen, force_grouping=True)
        if number is None and (self.before or self.after):
            told = _("more than %(limit)s") % {"limit": told}
        return ngettext("%(counted)s person", "%(counted)s people", seen) % {"counted": told}


def stretch(rows: MessageQuerySet, request: HttpRequest) -> Stretch:
    """The rows of one preparation, by profile id, that the query's `after` or `before` names; else the first."""
    before, after = _place(request, "before"), _place(request, "after")
    if before is not None:
        some = list(rows.filter(profile_id__lt=before).order_by("-profile_id")[: ROWS + 1])
        shown = some[:ROWS][::-1]
        return _between(shown, is_first=len(some) <= ROWS, is_last=False)
    some = list((rows if after is None else rows.filter(profile_id__gt=after)).order_by("profile_id")[: ROWS + 1])
    return _between(some[:ROWS], is_first=after is None, is_last=len(some) <= ROWS)


def _between(shown: list[Message], *, is_first: bool, is_last: bool) -> Stretch:
    if not shown:
        return Stretch([])
    return Stretch(shown, None if is_first else shown[0].profile_id, None if is_last else shown[-1].profile_id)


def _place(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return min(int(text), LARGEST) if text.isascii() and text.isdigit() else None


def search(rows: MessageQuerySet, text: str) -> MessageQuerySet:
    """By the beginning of the profile's name, address or external ID as it is now, by its Heed ID, or by the address that
    the message has. The message of a profile that was merged into another is found by the other's name."""
    if not text:
        return rows
    found = list(Profile.objects.matching(text).order_by().values_list("pk", flat=True)[: FEW + 1])
    if len(found) > FEW:
        same = Profile.objects.filter(Q(*ways_to_match(text, prefix_unindexed), _connector=Q.OR), pk=OuterRef("profile_id"))
        return rows.filter(Exists(same))
    found += [one.profile.pk for one in finding.by_heed_id(text)]
    former = ProfileAlias.objects.filter(winner__in=found).values_list("former_id", flat=True)
    named = Q(profile_id__in=[*found, *former])
    return rows.filter(named | prefix("address", text.lower()) if _looks_like_an_address(text) else named)


def _looks_like_an_address(text: str) -> bool:
    """Nothing but a walk through the preparation finds an address that nobody has any more."""
    return "@" in text or text.startswith("+")
