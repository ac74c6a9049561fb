"""Make one profile of two. Consent only becomes tighter, and everything of the loser leads to the winner afterwards."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from profiles import aliases, consent, customfields, erased, holders, registering, subscriptions
from profiles.actors import actor
from profiles.channels import ANY_CHANNEL, Channel
from profiles.consent import Evidence
from profiles.fields import FoldedField
from profiles.models import ConsentEvent, Profile, ProfileAlias, Scope, Source, Subscription

CUSTOM = "custom:"  # before the key of a custom field
# What a merge chooses for; the boxes, the search columns and the traces follow rules of their own.
FIELDS = (
    "external_id", "title", "first_name", "middle_name", "last_name", "gender", "birth_date", "preferred_language",
    "time_zone", "email", "email_format", "mobile", "phone", "fax", "street", "street_2", "postal_code", "city", "state",
    "country",
)  # fmt: skip


class ChangedMeanwhile(Exception):
    """One of the two profiles is not as it was shown, or gone: nothing was written."""


class SameProfile(ValueError):
    """A profile cannot be merged with itself."""


@dataclass(frozen=True)
class Difference:
    """A field that the two profiles have different values for; `keeps_loser` is the choice that is offered."""

    name: str
    winner: Any
    loser: Any

    @property
    def keeps_loser(self) -> bool:
        """Filled from the loser where the winner has nothing."""
        return self.winner in ("", None)


@dataclass(frozen=True)
class Services:
    """What becomes of the services that one of the two is subscribed to: the later word of the person counts."""

    gained: list[Subscription] = field(default_factory=list)  # the loser's that the winner gets
    shared: list[tuple[Subscription, Subscription]] = field(default_factory=list)  # both have it: the later end counts
    refused: list[Subscription] = field(default_factory=list)  # the loser's that the winner left later
    ended: list[Subscription] = field(default_factory=list)  # the winner's that the loser left later


def differences(winner: Profile, loser: Profile) -> list[Difference]:
    """The fields and custom fields that have to be decided, in the order of the General tab."""
    plain = [Difference(name, getattr(winner, name), getattr(loser, name)) for name in FIELDS]
    keys = [one.key for one in customfields.definitions()]
    keys += sorted({*winner.custom, *loser.custom} - set(keys))
    custom = [Difference(CUSTOM + key, winner.custom.get(key), loser.custom.get(key)) for key in keys]
    return [one for one in plain + custom if one.winner != one.loser and one.loser not in ("", None)]


def tightened(winner: Profile, loser: Profile) -> list[str]:
    """The boxes that become ticked, because the loser's are."""
    return [scope for scope, ticked in loser.choices.items() if ticked and not winner.choices[scope]]


def services(winner: Profile, loser: Profile) -> Services:
    """How the subscriptions unite. A service that one of the two left after the other had subscribed stays left."""
    found = Services()
    current = Subscription.objects.current().select_related("service").order_by("service__label", "pk")
    hers = {one.service_id: one for one in current.filter(profile=winner)}
    others = {one.service_id: one for one in current.filter(profile=loser)}
    for service, one in others.items():
        if service in hers:
            found.shared.append((hers[service], one))
        else:
            (found.refused if _left_last(service, winner, loser) else found.gained).append(one)
    found.ended.extend(one for service, one in hers.items() if service not in others and _left_last(service, loser, winner))
    return found


def merge(winner: Profile, loser: Profile, *, from_loser: set[str], revisions: tuple[int, int], by: AbstractUser) -> Profile:
    """Merge the loser into the winner, in one transaction; the winner as it is then.

    `from_loser` names the fields (FIELDS, or CUSTOM + key) of which the loser's value is kept. A box is ticked if it
    was ticked in one of the two, and the ledger says so. Both ledgers stay; links, logs and messages of the loser lead
    to the winner by ProfileAlias. An address that nobody keeps stays silent if it was. Raises ChangedMeanwhile where
    `revisions` (winner's, loser's) are not those stored any more, SameProfile for one profile twice.
    """
    if winner.pk == loser.pk:
        raise SameProfile
    with transaction.atomic():
        registering.take_turn()
        winner, loser = _locked(winner.pk, loser.pk, revisions)
        told = Evidence(detail=_("profile %(number)s was merged into this one") % {"number": loser.pk})
        tighter = tightened(winner, loser)
        _unite_subscriptions(winner, loser, by, told)
        _keep_silent(winner, loser, from_loser)
        _write(winner, loser, from_loser, by)
        consent.apply_choices(winner, dict.fromkeys(tighter, True), source=Source.MERGE, by=by, evidence=told)
        for holder in holders.registered():
            holder.move(loser, winner)
        former = _leave_alias(winner, loser, by)
        with override(settings.LANGUAGE_CODE):
            said = _("Merged profile %(number)s into this one") % {"number": former}
            LogEntry.objects.log_actions(by.pk, [winner], CHANGE, said, single_object=True)
    winner.refresh_from_db()
    return winner


def _locked(winner: int, loser: int, revisions: tuple[int, int]) -> tuple[Profile, Profile]:
    """Both rows, locked in the order of their ids so that two merges cannot wait for each other."""
    rows = Profile.objects.select_for_update().filter(pk__in=[winner, loser]).order_by("pk")
    found = {profile.pk: profile for profile in rows}
    if len(found) < 2 or (found[winner].revision, found[loser].revision) != revisions:
        raise ChangedMeanwhile
    return found[winner], found[loser]


def _unite_subscriptions(winner: Profile, loser: Profile, by: AbstractUser, evidence: Evidence) -> None:
    subscriptions.close_expired(winner)
    united = services(winner, loser)
    for own, other in united.shared:
        if own.expires_at and (other.expires_at is None or other.expires_at > own.expires_at):
            Subscription.objects.filter(pk=own.pk).update(expires_at=other.expires_at)
    for one in united.gained:
        Subscription.objects.filter(pk=one.pk).update(profile=winner)
        consent.record_subscription(winner, one.service, subscribed=True, source=Source.MERGE, by=by, evidence=evidence)
    for one in united.ended:
        Subscription.objects.filter(pk=one.pk).delete()
        consent.record_subscription(winner, one.service, subscribed=False, source=Source.MERGE, by=by, evidence=evidence)


def _left_last(service: int, leaver: Profile, subscriber: Profile) -> bool:
    """Whether the last word about a service, of those about these two, is that the leaver left it."""
    events = ConsentEvent.objects.filter(scope=Scope.SERVICE, service=service)
    last = events.filter(profile__in=aliases.all_ids(leaver)).exclude(source=Source.SYSTEM).order_by("-pk").first()
    if last is None or not last.after:
        return False
    joined = events.filter(profile__in=aliases.all_ids(subscriber), after=False).order_by("-pk").first()
    return joined is None or joined.pk < last.pk


def _keep_silent(winner: Profile, loser: Profile, from_loser: set[str]) -> None:
    """The address that nobody has afterwards would come back contactable with the next file."""
    for channel in Channel.addressed():
        dropped, kept = (winner, loser) if channel.address_field in from_loser else (loser, winner)
        address = getattr(dropped, channel.address_field)
        if address == getattr(kept, channel.address_field):
            continue
        if any(profile.choices[scope] for profile in (winner, loser) for scope in (ANY_CHANNEL, channel.value)):
            erased.remember(channel, [address])


def _write(winner: Profile, loser: Profile, from_loser: set[str], by: AbstractUser) -> None:
    changes: dict[str, Any] = {name: getattr(loser, name) for name in FIELDS if name in from_loser}
    custom = winner.custom | {key: value for key, value in loser.custom.items() if CUSTOM + key in from_loser}
    for name, value in changes.items():
        setattr(winner, name, value)
    folded = {
        one.name: one.pre_save(winner, add=False)
        for one in Profile._meta.fields
        if isinstance(one, FoldedField) and one.source in changes
    }
    Profile.objects.filter(pk=winner.pk).update(
        **changes,
        **folded,
        custom=custom,
        address_specified=winner.address_specified or loser.address_specified,
        ccpa_opt_out=winner.ccpa_opt_out or loser.ccpa_opt_out,
        revision=F("revision") + 1,
        modified_at=timezone.now(),
        modified_by=actor(by),
    )


def _leave_alias(winner: Profile, loser: Profile, by: AbstractUser) -> int:
    former = loser.pk
    ProfileAlias.objects.filter(winner=loser).update(winner=winner)
    ProfileAlias.objects.create(
        former_id=former,
        former_public_id=loser.public_id,
        winner=winner,
        merged_at=timezone.now(),
        merged_by=actor(by),
    )
    Profile.objects.filter(pk=loser.pk).delete()
    return former
