"""Why somebody was left out, in words: which rule, which flag, since when, by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries import typologies
from deliveries.exclusions import BETWEEN
from deliveries.models import ExclusionCause, Message, Preparation
from deliveries.statuses import EXCLUSION_TEXTS, OWN_RULES, Exclusion
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
    """Every rule in its order with its volume, and how it splits; zeros too. `key` names a rule, each own one for itself."""
    rows: dict[str, dict[str, Any]] = {
        key: {"key": key, "label": label, "volume": 0, "parts": []} for key, label in rule_choices(preparation)
    }
    for cause in ExclusionCause.objects.filter(preparation=preparation).order_by("-volume", "detail"):
        row = rows[_key(cause.exclusion, cause.detail)]
        row["volume"] += cause.volume
        if label := detail_label(cause.exclusion, cause.detail):
            row["parts"].append((label, cause.volume))
    return list(rows.values())


def rule_choices(preparation: Preparation) -> list[tuple[str, str]]:
    """(key, label) of the rules that the preparation looked at, in their order."""
    stored = set(ExclusionCause.objects.filter(preparation=preparation).values_list("exclusion", "detail"))
    keys = {_key(exclusion, detail): exclusion for exclusion, detail in stored}
    places = {_key(*cause): place for place, cause in enumerate(typologies.causes(preparation.rules))}
    names = _own_names([preparation])
    ordered = sorted(keys, key=lambda key: (typologies.POSITIONS[keys[key]], places.get(key, 0)))
    return [(key, names.get((preparation.pk, key)) or str(Exclusion(keys[key]).label)) for key in ordered]


def by_key(key: str) -> dict[str, str]:
    """What a message has whom the rule with this key left out; empty where it is no rule's."""
    exclusion, _between, detail = key.partition(BETWEEN)
    own = exclusion in OWN_RULES.values()
    return ({"exclusion": exclusion} | ({"detail": detail} if own else {})) if exclusion in Exclusion.values else {}


def _key(exclusion: str, detail: str) -> str:
    return f"{exclusion}{BETWEEN}{detail}" if exclusion in OWN_RULES.values() else exclusion


def _own_names(preparations: Iterable[Preparation]) -> dict[tuple[int, str], str]:
    """(preparation, key) -> "label (ID)" of an own rule as it was pinned."""
    return {
        (one.pk, _key(rule["exclusion"], rule["code"])): f"{rule['label']} ({rule['code']})"
        for one in preparations
        for rule in one.rules
        if rule["exclusion"] in OWN_RULES.values()
    }


def explain(messages: list[Message], channel: Channel) -> list[Explanation]:
    """The excluded messages of one page of a log, of one channel, explained: a constant number of queries."""
    profiles = aliases.in_bulk([message.profile_id for message in messages])
    ticks = _ticks([message for message in messages if message.exclusion == Exclusion.BLOCKLIST])
    records = _records([message for message in messages if message.exclusion == Exclusion.QUARANTINE], channel)
    names = _names([message for message in messages if message.exclusion in OWN_RULES.values()])
    kept = _kept([message for message in messages if message.exclusion == Exclusion.DUPLICATE], channel)
    explained = []
    for message in messages:
        exclusion = Exclusion(message.exclusion)
        rule = names.get(message.pk, str(exclusion.label))
        line = Explanation(message, profiles.get(message.profile_id), rule, _text(exclusion, rule))
        line.because = detail_label(message.exclusion, message.detail)
        if tick := ticks.get(message.pk):
            _add_tick(line, tick)
        elif exclusion == Exclusion.QUARANTINE and (record := records.get(message.address)):
            if record.excludes:  # since a release it tells who released it
                line.since, line.by = record.error_at or record.created_at, record.modified_by
            line.url = reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk])
        elif exclusion == Exclusion.DUPLICATE and (twin := kept.get((message.preparation_id, message.address))):
            line.because = _("same address as %(profile)s") % {"profile": twin}
            line.url = reverse("admin:profiles_profile_change", args=[twin.pk])
        explained.append(line)
    return explained


def _names(messages: list[Message]) -> dict[Any, str]:
    """Message -> the own rule that left it out; one query."""
    preparations = Preparation.objects.in_bulk({message.preparation_id for message in messages}) if messages else {}
    names = _own_names(preparations.values())
    keys = {message.pk: (message.preparation_id, _key(message.exclusion, message.detail)) for message in messages}
    return {pk: names[key] for pk, key in keys.items() if key in names}


def _text(exclusion: Exclusion, rule: str) -> str:
    text = str(EXCLUSION_TEXTS[exclusion])
    return text % {"rule": rule} if exclusion in OWN_RULES.values() else text


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
