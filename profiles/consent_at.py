"""What a person allowed at a moment, as the ledger tells it, and the event that made it so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from profiles import aliases
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, OPT_OUT_LABELS, Channel
from profiles.models import ConsentEvent, Profile, ProfileAlias, Scope


@dataclass(frozen=True)
class State:
    """A box or a subscription at the moment; without an event nobody had touched it yet.

    `value`: the box was ticked; the profile was subscribed.
    """

    scope: str
    label: str
    value: bool
    event: ConsentEvent | None


@dataclass(frozen=True)
class Consent:
    moment: datetime
    existed: bool  # whether the profile was there yet
    boxes: list[State]
    subscriptions: list[State]  # of every service that she had ever been subscribed to, by label

    @property
    def allowed(self) -> list[str]:
        """The channels on which the person could be contacted."""
        return [str(channel.label) for channel in Channel if not self._refused(channel)]

    @property
    def refused(self) -> list[str]:
        return [str(channel.label) for channel in Channel if self._refused(channel)]

    def _refused(self, channel: Channel) -> bool:
        return any(box.value for box in self.boxes if box.scope in (ANY_CHANNEL, channel))


def profile_ids(profile: Profile) -> list[int]:
    """The profiles whose events speak of this person: her own, and those that were merged into it."""
    return aliases.all_ids(profile)


def _separate(profile: Profile, moment: datetime) -> list[int]:
    """Of these, those that were still profiles of their own at the moment, or are: a merged one speaks by its winner."""
    later = ProfileAlias.objects.filter(winner=profile, merged_at__gt=moment).values_list("former_id", flat=True)
    return [profile.pk, *later]


def consent_at(profile: Profile, moment: datetime) -> Consent:
    """The state of every box and subscription when this moment had passed: an event of that very moment counts.

    Three queries, however long the history is. Before a merge a box is ticked where one of the profiles had it ticked.
    """
    events = _last_events(_separate(profile, moment), moment)
    boxes = [_state(scope, str(OPT_OUT_LABELS[scope]), events, ticked=True) for scope in OPT_OUT_FIELDS]
    services = {event.service_id: event.service_label for event in events if event.scope == Scope.SERVICE}
    subscriptions = [
        _state(Scope.SERVICE, label, [event for event in events if event.service_id == service], ticked=False)
        for service, label in services.items()
    ]
    return Consent(moment, profile.created_at <= moment or bool(events), boxes, sorted(subscriptions, key=lambda one: one.label))


def _last_events(profiles: list[int], moment: datetime) -> list[ConsentEvent]:
    """The last event of each profile, scope and service, oldest first."""
    before = ConsentEvent.objects.filter(profile__in=profiles, at__lte=moment).order_by()
    last = before.values("profile", "scope", "service").annotate(last=Max("pk")).values_list("last", flat=True)
    return list(ConsentEvent.objects.filter(pk__in=list(last)).order_by("pk"))


def _state(scope: str, label: str, events: Iterable[ConsentEvent], *, ticked: bool) -> State:
    """`ticked` is what the column `after` says where the value is true."""
    own = [event for event in events if event.scope == scope]
    holding = [event for event in own if event.after == ticked] or own
    event = holding[-1] if holding else None
    return State(scope, label, bool(event and event.after == ticked), event)
