"""Why somebody was left out, in words: which rule, which flag, since when, by whom."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Sum

from deliveries import because, typologies
from deliveries.because import Explanation
from deliveries.exclusions import BETWEEN
from deliveries.models import ExclusionCause, Message, Preparation
from deliveries.statuses import EXCLUSION_TEXTS, OWN_RULES, Exclusion
from profiles import aliases
from profiles.channels import Channel
from profiles.models import Profile


def causes(preparation: Preparation) -> list[dict[str, Any]]:
    """Every rule in its order with its volume, and how it splits; zeros too. `key` names a rule, each own one for itself."""
    rows: dict[str, dict[str, Any]] = {
        key: {"key": key, "label": label, "volume": 0, "parts": []} for key, label in rule_choices(preparation)
    }
    for cause in ExclusionCause.objects.filter(preparation=preparation).order_by("-volume", "detail"):
        row = rows[_key(cause.exclusion, cause.detail)]
        row["volume"] += cause.volume
        if cause.volume and (label := because.detail_label(cause.exclusion, cause.detail)):
            key = f"{cause.exclusion}{BETWEEN}{cause.detail}"
            row["parts"].append({"key": key, "label": label, "volume": cause.volume})
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
    """What a message has whom the rule with this key left out, or a part of it; empty where it is no rule's."""
    exclusion, between, detail = key.partition(BETWEEN)
    return ({"exclusion": exclusion} | ({"detail": detail} if between else {})) if exclusion in Exclusion.values else {}


def volume(preparation: Preparation, key: str) -> int:
    """How many the rule with this key left out; everybody who was, where it is no rule's."""
    if not (found := by_key(key)):
        return preparation.excluded
    return ExclusionCause.objects.filter(preparation=preparation, **found).aggregate(sum=Sum("volume"))["sum"] or 0


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
    names = _names([message for message in messages if message.exclusion in OWN_RULES.values()])
    lines = [_line(message, profiles.get(message.profile_id), names) for message in messages]
    for exclusion, add in because.SOURCES.items():
        if some := [line for line in lines if line.message.exclusion == exclusion]:
            add(some, channel)
    return lines


def _line(message: Message, profile: Profile | None, names: dict[Any, str]) -> Explanation:
    exclusion = Exclusion(message.exclusion)
    rule = names.get(message.pk, str(exclusion.label))
    text = str(EXCLUSION_TEXTS[exclusion])
    told = text % {"rule": rule} if exclusion in OWN_RULES.values() else text
    return Explanation(message, profile, rule, told, because.detail_label(message.exclusion, message.detail))


def _names(messages: list[Message]) -> dict[Any, str]:
    """Message -> the own rule that left it out; one query."""
    preparations = Preparation.objects.in_bulk({message.preparation_id for message in messages}) if messages else {}
    names = _own_names(preparations.values())
    keys = {message.pk: (message.preparation_id, _key(message.exclusion, message.detail)) for message in messages}
    return {pk: names[key] for pk, key in keys.items() if key in names}
