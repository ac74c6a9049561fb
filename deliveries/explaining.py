"""Why somebody was left out, in words: which rule, which flag, since when, by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries.models import ExclusionCause, Message, Preparation
from deliveries.statuses import EXCLUSION_TEXTS, Exclusion
from profiles import aliases, history
from profiles.channels import OPT_OUT_LABELS, Channel
from profiles.models import ConsentEvent, Profile
from quarantine.models import QuarantinedAddress, Reason


@dataclass
class Explanation:
    """One line of an exclusion log."""

    message: Message
    profile: Profile | None
    rule: str
    text: str
    because: str = ""
    since: datetime | None = None
    by: str = ""
    url: str = ""


def detail_label(exclusion: str, detail: str) -> str:
    """The flag or the error reason that splits a rule; empty where it has none."""
    if exclusion == Exclusion.BLOCKLIST:
        return str(OPT_OUT_LABELS.get(detail, detail))
    if exclusion == Exclusion.QUARANTINE and detail:
        return str(Reason(detail).label)
    return ""


def causes(preparation: Preparation) -> list[dict[str, Any]]:
    """Every rule in its order with its volume, and how it splits; zeros too."""
    rows: dict[str, dict[str, Any]] = {
        exclusion.value: {"exclusion": exclusion.value, "label": exclusion.label, "volume": 0, "parts": []}
        for exclusion in Exclusion
    }
    for cause in ExclusionCause.objects.filter(preparation=preparation).order_by("-volume", "detail"):
        row = rows[cause.exclusion]
        row["volume"] += cause.volume
        if label := detail_label(cause.exclusion, cause.detail):
            row["parts"].append((label, cause.volume))
    return list(rows.values())


def explain(messages: list[Message], channel: Channel) -> list[Explanation]:
    """The excluded messages of one page of a log, of one channel, explained: a constant number of queries."""
    profiles = aliases.in_bulk([message.profile_id for message in messages])
    ticks = _ticks([message for message in messages if message.exclusion == Exclusion.BLOCKLIST])
    records = _records([message for message in messages if message.exclusion == Exclusion.QUARANTINE], channel)
    kept = _kept([message for message in messages if message.exclusion == Exclusion.DUPLICATE], channel)
    explained = []
    for message in messages:
        exclusion = Exclusion(message.exclusion)
        line = Explanation(message, profiles.get(message.profile_id), str(exclusion.label), str(EXCLUSION_TEXTS[exclusion]))
        line.because = detail_label(message.exclusion, message.detail)
        if tick := ticks.get(message.pk):
            _add_tick(line, tick)
        elif record := records.get(message.address):
            if record.excludes:  # since a release it tells who released it
                line.since, line.by = record.error_at or record.created_at, record.modified_by
            line.url = reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk])
        elif twin := kept.get((message.preparation_id, message.address)):
            line.because = _("same address as %(profile)s") % {"profile": twin}
            line.url = reverse("admin:profiles_profile_change", args=[twin.pk])
        explained.append(line)
    return explained


def _add_tick(line: Explanation, tick: ConsentEvent) -> None:
    line.since = tick.at
    line.by = history.who(tick)
    line.url = f"{reverse('profiles:consent_history', args=[tick.profile_id])}#event-{tick.pk}"


def _ticks(messages: list[Message]) -> dict[Any, ConsentEvent]:
    """Message -> the event that ticked its box last, before the preparation looked."""
    events = ConsentEvent.objects.filter(profile__in=[message.profile_id for message in messages], after=True)
    by_box: dict[tuple[int, str], list[ConsentEvent]] = {}
    for event in events.order_by("pk"):
        by_box.setdefault((event.profile_id, event.scope), []).append(event)
    return {
        message.pk: event
        for message in messages
        for event in by_box.get((message.profile_id, message.detail), [])
        if event.at <= message.prepared_at
    }


def _records(messages: list[Message], channel: Channel) -> dict[str, QuarantinedAddress]:
    records = QuarantinedAddress.objects.filter(channel=channel, address__in=[message.address for message in messages])
    return {record.address: record for record in records}


def _kept(messages: list[Message], channel: Channel) -> dict[tuple[int, str], Profile]:
    """(preparation, address) -> the profile that the preparation kept for the address."""
    if not messages:
        return {}
    addresses = {message.address for message in messages}
    holders = {holder.pk: holder for holder in Profile.objects.filter(**{f"{channel.address_field}__in": addresses})}
    preparations = {message.preparation_id for message in messages}
    reached = Message.objects.to_deliver().filter(preparation__in=preparations, profile__in=holders, address__in=addresses)
    return {(message.preparation_id, message.address): holders[message.profile_id] for message in reached}
