""" "Because": the very row behind an exclusion: the ticked box, the record of the address, the line of a list, the rule.

Each source fills in the lines of one exclusion: a constant number of queries, however many lines there are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from deliveries import controlgroups
from deliveries.models import Message, Preparation
from deliveries.statuses import Exclusion
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, TypologyRule
from profiles import history
from profiles.channels import ANY_CHANNEL, OPT_OUT_LABELS, Channel
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


LATER_THAN_TWINS = (Exclusion.FATIGUE, Exclusion.CONTROL_GROUP, Exclusion.SIZE_LIMIT)
Lines = list[Explanation]
Source = Callable[[Lines, Channel], None]


def detail_label(exclusion: str, detail: str) -> str:
    """The flag or the error reason that splits a rule; empty where it has none."""
    if exclusion == Exclusion.BLOCKLIST:
        return str(OPT_OUT_LABELS.get(detail, detail))
    if exclusion == Exclusion.QUARANTINE and detail:
        return str(Reason(detail).label)
    return ""


def _boxes(lines: Lines, channel: Channel) -> None:
    """The event that ticked the box last, before the preparation looked."""
    ticks = _ticks({line.message.profile_id for line in lines})
    for line in lines:
        before = [tick for tick in ticks.get((line.message.profile_id, line.message.detail), []) if _was_there(tick.at, line)]
        if before:
            _add_tick(line, before[-1])


def _add_tick(line: Explanation, tick: ConsentEvent) -> None:
    line.since, line.by = tick.at, history.who(tick)
    line.url = f"{reverse('profiles:consent_history', args=[tick.profile_id])}#event-{tick.pk}"


def _ticks(ids: Iterable[int]) -> dict[tuple[int, str], list[ConsentEvent]]:
    """(profile, box) -> the events that ticked it, oldest first."""
    ticks: dict[tuple[int, str], list[ConsentEvent]] = {}
    for event in ConsentEvent.objects.filter(profile__in=ids, after=True).order_by("pk"):
        ticks.setdefault((event.profile_id, event.scope), []).append(event)
    return ticks


def _was_there(moment: datetime, line: Explanation) -> bool:
    return moment <= line.message.prepared_at


def _records(lines: Lines, channel: Channel) -> None:
    """The quarantine's record of the address; since a release it tells who released it, and not who put it there."""
    rows = QuarantinedAddress.objects.filter(channel=channel, address__in=_addresses(lines))
    records = {record.address: record for record in rows}
    for line in lines:
        if record := records.get(line.message.address):
            if record.excludes:
                line.since, line.by = record.error_at or record.created_at, record.modified_by
            line.url = reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk])


def _listed_addresses(lines: Lines, channel: Channel) -> None:
    listed = ExcludedAddress.objects.filter(channel=channel, address__in=_addresses(lines))
    _add_entries(lines, {one.address: one for one in listed}, lambda line: line.message.address, page="excluded_addresses")


def _listed_domains(lines: Lines, channel: Channel) -> None:
    def domain(line: Explanation) -> str:
        return line.message.address.rpartition("@")[2]

    listed = ExcludedDomain.objects.filter(domain__in={domain(line) for line in lines})
    _add_entries(lines, {one.domain: one for one in listed}, domain, page="excluded_domains")


def _add_entries(lines: Lines, entries: dict[str, Any], name: Callable[[Explanation], str], *, page: str) -> None:
    """The line of a list: which one, since when, and who put it there."""
    for line in lines:
        line.because = name(line)
        entry = entries.get(line.because)
        if entry and _was_there(entry.created_at, line):
            line.since, line.by = entry.created_at, entry.created_by
            line.url = f"{reverse(f'deliveries:{page}')}?{urlencode({'q': line.because})}"


def _shared(lines: Lines, channel: Channel) -> None:
    """The other profile with the address, and its ticked box."""
    refused: dict[str, Profile] = {}
    boxes = (ANY_CHANNEL, channel.value)
    for holder in Profile.objects.filter(**{f"{channel.address_field}__in": _addresses(lines)}).order_by("-pk"):
        if any(holder.choices[box] for box in boxes):
            refused[getattr(holder, channel.address_field)] = holder
    ticks = _ticks({holder.pk for holder in refused.values()})
    for line in lines:
        if twin := refused.get(line.message.address):
            line.because = str(twin)
            line.url = reverse("admin:profiles_profile_change", args=[twin.pk])
            events = [tick for box in boxes for tick in ticks.get((twin.pk, box), []) if _was_there(tick.at, line)]
            if events:
                _add_tick(line, events[0])


def _twins(lines: Lines, channel: Channel) -> None:
    """The profile that the preparation kept for the address."""
    addresses = _addresses(lines)
    holders = {holder.pk: holder for holder in Profile.objects.filter(**{f"{channel.address_field}__in": addresses})}
    preparations = {line.message.preparation_id for line in lines}
    rows = Message.objects.filter(preparation__in=preparations, profile__in=holders, address__in=addresses)
    kept = {
        (one.preparation_id, one.address): holders[one.profile_id] for one in rows.filter(exclusion__in=["", *LATER_THAN_TWINS])
    }
    for line in lines:
        if twin := kept.get((line.message.preparation_id, line.message.address)):
            line.because = _("same address as %(profile)s") % {"profile": twin}
            line.url = reverse("admin:profiles_profile_change", args=[twin.pk])


def _own_rules(lines: Lines, channel: Channel) -> None:
    """The rule as it is now, and who made it, as long as it is the one that was applied."""
    codes = {line.message.detail for line in lines}
    numbers = [int(code.removeprefix("RL")) for code in codes if code.removeprefix("RL").isdigit()]
    rules = {rule.identifier: rule for rule in TypologyRule.objects.filter(pk__in=numbers)}
    for line in lines:
        if rule := rules.get(line.message.detail):
            line.url = reverse("deliveries:typology_rule", args=[rule.pk])
            if _was_there(rule.modified_at, line):
                line.since, line.by = rule.modified_at, rule.modified_by


def _groups(lines: Lines, channel: Channel) -> None:
    """What the delivery said of its control group, or of the size of its target, when it was prepared."""
    pinned = {
        (preparation.pk, rule["exclusion"]): rule["parameters"]
        for preparation in Preparation.objects.filter(pk__in={line.message.preparation_id for line in lines})
        for rule in preparation.rules
    }
    for line in lines:
        parameters = pinned.get((line.message.preparation_id, line.message.exclusion), {})
        if group := parameters.get("group"):
            line.because = controlgroups.in_words(group)
        elif limit := parameters.get("limit"):
            line.because = _("at most %(number)s") % {"number": limit}


def _addresses(lines: Lines) -> set[str]:
    return {line.message.address for line in lines}


SOURCES: dict[str, Source] = {
    Exclusion.BLOCKLIST.value: _boxes,
    Exclusion.QUARANTINE.value: _records,
    Exclusion.EXCLUDED_ADDRESS.value: _listed_addresses,
    Exclusion.EXCLUDED_DOMAIN.value: _listed_domains,
    Exclusion.SHARED_OPT_OUT.value: _shared,
    Exclusion.OWN_RULE.value: _own_rules,
    Exclusion.DUPLICATE.value: _twins,
    Exclusion.FATIGUE.value: _own_rules,
    Exclusion.CONTROL_GROUP.value: _groups,
    Exclusion.SIZE_LIMIT.value: _groups,
}
