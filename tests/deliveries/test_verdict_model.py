"""The verdict on every person, against a model of the rules in plain Python, for random populations (reference 6.5.7, 6.6).

Every rule is on or off at random, on every channel. 150 populations in the tests; `make verdicts` prepares 3,000
(POPULATIONS).
"""

import hashlib
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deliveries import preparation
from deliveries.models import Delivery, ExclusionCause, Message, Preparation
from deliveries.statuses import Exclusion
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, Typology, TypologyRule
from profiles.channels import Channel
from profiles.models import Profile, ProfileAlias
from quarantine.models import QuarantinedAddress

POPULATIONS = int(os.environ.get("POPULATIONS", "150"))
AT_ONCE = 150  # populations of one transaction
NOW = timezone.now()
EMAILS = ["", "a@one.example", "b@one.example", "c@two.example", "d@two.example", "e@three.example"]
BAD_EMAILS = ["Upper@one.example", "a b@one.example", "@one.example", "nobody@", "nobody"]
MOBILES = ["", "+33611111111", "+33622222222", "+33633333333", "0611111111", "+336 11"]
DOMAINS = ["one.example", "two.example", "example"]
FLAGS = ["all", "email", "sms", "push", "direct_mail"]
EXCLUDING = ("quarantine", "blocklist")
OPTIONAL = ["excluded_address", "excluded_domain", "shared_opt_out", "duplicate", "control_group", "size_limit"]


def leaf(name, *values):
    return {"field": name, "operator": "in", "value": list(values)}


# Audiences, and who is in them.
AUDIENCES = [
    ({"all": []}, lambda p: True),
    (leaf("country", "FR"), lambda p: p["country"] == "FR"),
    ({"not": leaf("country", "FR")}, lambda p: p["country"] != "FR"),
    (
        {"any": [leaf("preferred_language", "fr"), leaf("country", "BE")]},
        lambda p: p["preferred_language"] == "fr" or p["country"] == "BE",
    ),
    (
        {"all": [leaf("preferred_language", "fr"), leaf("country", "FR")]},
        lambda p: (p["country"], p["preferred_language"]) == ("FR", "fr"),
    ),
]

# Drawing.


def draw_world(chance):
    """Everything that a preparation depends on."""
    size = chance.randint(1, 16)
    channel = chance.choice([channel.value for channel in Channel.addressed()])
    return {
        "people": [draw_person(chance) for _ in range(size)],
        "former": {900_000 + n: chance.randrange(size) for n in range(chance.choice([0, 0, 1, 2]))},
        "records": {
            draw_address(chance): (
                chance.choice([*EXCLUDING, "valid", "allowlist"]),
                chance.choice(["user_unknown", "mailbox_full"]),
            )
            for _ in range(chance.randrange(4))
        },
        "addresses": {draw_address(chance) for _ in range(chance.randrange(3))},
        "domains": set(chance.sample(DOMAINS, chance.randrange(2))),
        "channel": channel,
        "audience": chance.choice([0, 0, *range(len(AUDIENCES))]),
        "off": {rule for rule in OPTIONAL if chance.random() < (0.7 if rule == "shared_opt_out" else 0.2)},
        "unnamed": {rule for rule in OPTIONAL if chance.random() < 0.1},
        "own": [draw_own_rule(chance) for _ in range(chance.choice([0, 0, 1, 2]))],
        "fatigue": [draw_fatigue_rule(chance) for _ in range(chance.choice([0, 1, 2]))],
        "contact": chance.choice([None, *(chance.randint(-10, 10) for _ in range(3))]),
        "others": [draw_other(chance, size) for _ in range(chance.randint(1, 3))],
        "group": chance.choice([{}, draw_group(chance)]),
        "limit": chance.choice([None, chance.randint(1, max(1, size // 3))]),
        "range": chance.randint(1, 2 * size),
    }


def draw_person(chance):
    return {
        "email": chance.choice([*EMAILS * 3, *EMAILS[1:] * 4, *BAD_EMAILS]),
        "mobile": chance.choice([*MOBILES, *MOBILES[1:4] * 3]),
        "country": chance.choice(["FR", "BE", ""]),
        "preferred_language": chance.choice(["fr", "be", ""]),
        "birth_date": chance.choice([None, date(1950, 1, 1), date(2000, 1, 1)]),
        "last_name": chance.choice(["Élan", "elan", "Zoé", ""]),
        "flags": {flag for flag in FLAGS if chance.random() < 0.06},
    }


def draw_address(chance):
    return chance.choice([("email", chance.choice(EMAILS[1:])), ("sms", chance.choice(MOBILES[1:]))])


def draw_own_rule(chance):
    return {
        "audience": chance.randrange(1, len(AUDIENCES)),
        "order": chance.randint(1, 3),
        "active": chance.random() < 0.8,
        "only_sms": chance.random() < 0.2,
    }


def draw_fatigue_rule(chance):
    return {
        "messages": chance.choice([1, 1, 2, 3]),
        "days": chance.randint(5, 20),
        "channels": chance.choice(["all", "own"]),
        "order": chance.randint(1, 3),
    }


def draw_other(chance, size):
    """What another delivery has for whom: person, status, day."""
    statuses = ["sent", "sent", "uncertain", "failed", "pending", "pending", "ignored"]
    return {
        "channel": chance.choice(["email", "sms"]),
        "status": chance.choice(["in_progress", "paused", "stopped", "finished", "ready", "ready", "editing"]),
        "contact": chance.choice([None, chance.randint(-10, 10)]),
        "messages": [
            (chance.randrange(size + 2), chance.choice(statuses), chance.randint(-15, 15))
            for _ in range(chance.randrange(2 * size))
        ],
    }


def draw_group(chance):
    by = chance.choice(["birth_date", "last_name_folded", "created_at"])
    return chance.choice(
        [
            {"kind": "random", "percent": chance.randint(1, 60)},
            {"kind": "random", "number": chance.randint(1, 4)},
            {"kind": "first", "number": chance.randint(1, 4), "by": chance.choice(["", "-"]) + by},
        ]
    )


@dataclass
class Stored:
    """What the database knows a world by."""

    people: dict = field(default_factory=dict)  # id -> person
    former: dict = field(default_factory=dict)  # id that was merged away -> id
    own: list = field(default_factory=list)
    fatigue: list = field(default_factory=list)
    messages: list = field(default_factory=list)  # (delivery as drawn, person, status, moment)
    confirmed: dict = field(default_factory=dict)


# The model.


def judge(world, stored, seed):
    """Id -> (exclusion, detail) of everybody in the audience, as somebody with a pencil would."""
    is_meant = AUDIENCES[world["audience"]][1]
    left, verdicts = [], {}
    for pk, person in sorted(stored.people.items()):
        if is_meant(person):
            verdicts[pk] = alone(world, stored, person)
            if not verdicts[pk][0]:
                left.append(pk)
    for chosen, verdict in together(world, stored, seed, left):
        verdicts |= dict.fromkeys(chosen, verdict)
        left[:] = [pk for pk in left if pk not in chosen]
    return verdicts


def is_on(world, rule):
    return rule not in world["off"] and rule not in world["unnamed"]


def alone(world, stored, person):
    """The verdict of the rules that look at one person."""
    channel = world["channel"]
    address = address_of(person, channel)
    if not address:
        return "address_not_specified", ""
    if is_malformed(address, channel):
        return "invalid_address", ""
    if person["flags"] & {"all", channel}:
        return "blocklist", "all" if "all" in person["flags"] else channel
    status, reason = world["records"].get((channel, address), ("", ""))
    if status in EXCLUDING:
        return "quarantine", "on_blocklist" if status == "blocklist" else reason
    if is_on(world, "excluded_address") and (channel, address) in world["addresses"]:
        return "excluded_address", ""
    if is_on(world, "excluded_domain") and channel == "email" and address.split("@")[-1] in world["domains"]:
        return "excluded_domain", ""
    if is_on(world, "shared_opt_out") and any(
        other["flags"] & {"all", channel} for other in stored.people.values() if address_of(other, channel) == address
    ):
        return "shared_opt_out", ""
    for rule, pk in sorted(stored.own, key=lambda one: (one[0]["order"], one[1])):
        if rule["active"] and (channel == "sms" or not rule["only_sms"]) and AUDIENCES[rule["audience"]][1](person):
            return "own_rule", f"RL{pk}"
    return "", ""


def together(world, stored, seed, left):
    """(ids, verdict) of the rules that look at more than one person; `left` is who remains when each is asked."""
    if is_on(world, "duplicate"):
        seen, later = set(), []
        for pk in left:
            address = address_of(stored.people[pk], world["channel"])
            later += [pk] if address in seen else []
            seen.add(address)
        yield later, ("duplicate", "")
    for rule, pk in sorted(stored.fatigue, key=lambda one: (one[0]["order"], one[1])):
        if world["contact"] is not None:
            counted = [contacts(world, stored, person, rule) for person in left]
            yield [one for one, number in zip(left, counted, strict=True) if number >= rule["messages"]], ("fatigue", f"RL{pk}")
    if world["group"]:
        yield control_group(world["group"], stored, seed, left), ("control_group", "")
    if world["limit"]:
        yield left[world["limit"] :], ("size_limit", "")


def address_of(person, channel):
    return person["email"] if channel == "email" else person["mobile"]


def is_malformed(address, channel):
    if channel == "sms":
        return address[0] != "+" or " " in address
    return address.find("@") < 1 or address.endswith("@") or " " in address or address != address.lower()


def contacts(world, stored, person, rule):
    """How many messages of other deliveries the person has around the contact date."""
    low, high = (NOW + timedelta(days=world["contact"] + sign * rule["days"]) for sign in (-1, 1))
    number = 0
    for other, pk, status, moment in stored.messages:
        due = stored.confirmed[id(other)] if other["contact"] is None else NOW + timedelta(days=other["contact"])
        waits = other["status"] in ("in_progress", "paused") or (other["status"] == "ready" and other["contact"] is not None)
        counts = status in ("sent", "uncertain") and low <= moment <= high
        counts |= status == "pending" and waits and low <= due <= high
        is_hers = stored.former.get(pk, pk) == person
        number += counts and is_hers and (rule["channels"] == "all" or other["channel"] == world["channel"])
    return number


def control_group(group, stored, seed, left):
    if group["kind"] == "random":
        drawn = sorted(left, key=lambda pk: (hashlib.md5(f"{seed}{pk}".encode()).hexdigest(), pk))
        number = int(len(left) * group["percent"] / 100 + 0.5) if "percent" in group else group["number"]
        return drawn[:number]
    by, is_down = group["by"].removeprefix("-"), group["by"].startswith("-")

    def value(pk):
        person = stored.people[pk]
        folded = person["last_name"].lower().replace("é", "e")
        return {"birth_date": person["birth_date"], "last_name_folded": folded, "created_at": person["created_at"]}[by]

    known = sorted((pk for pk in left if value(pk) is not None), key=value, reverse=is_down)
    ordered = [pk for one in dict.fromkeys(map(value, known)) for pk in left if value(pk) == one]
    return (ordered + [pk for pk in left if value(pk) is None])[: group["number"]]


# The same world in the database.


def store(world, operator):
    stored = Stored()
    columns = {"all": "opted_out_all"} | {channel.value: channel.opt_out_field for channel in Channel}
    for person in world["people"]:
        values = {name: value for name, value in person.items() if name not in ("flags", "created_at")}
        flags = {columns[flag]: True for flag in person["flags"]}
        profile = Profile.objects.create(**values, **flags)
        stored.people[profile.pk] = person | {"created_at": profile.created_at}
    ids = list(stored.people)
    for former, place in world["former"].items():
        stored.former[former] = winner = ids[place % len(ids)]
        ProfileAlias.objects.create(former_id=former, former_public_id=f"{former:032}", winner_id=winner, merged_at=NOW)
    for (channel, address), (status, reason) in world["records"].items():
        QuarantinedAddress.objects.create(channel=channel, address=address, status=status, reason=reason)
    ExcludedAddress.objects.bulk_create(ExcludedAddress(channel=channel, address=one) for channel, one in world["addresses"])
    ExcludedDomain.objects.bulk_create(ExcludedDomain(domain=domain) for domain in world["domains"])
    store_rules(world, stored)
    for other in world["others"]:
        store_other(other, stored, ids + list(stored.former), operator)
    return stored


def store_rules(world, stored):
    typology = Typology.objects.get()
    TypologyRule.objects.filter(code__in=OPTIONAL).update(is_active=True)
    TypologyRule.objects.filter(code__in=world["off"]).update(is_active=False)
    typology.rules.remove(*TypologyRule.objects.filter(code__in=world["unnamed"]))
    for kind, drawn, into in (("filtering", world["own"], stored.own), ("fatigue", world["fatigue"], stored.fatigue)):
        for rule in drawn:
            if kind == "filtering":
                parameters = {"audience": AUDIENCES[rule["audience"]][0]}
            else:
                parameters = {name: rule[name] for name in ("messages", "days", "channels")}
            made = TypologyRule.objects.create(
                label="Ours",
                kind=kind,
                order=rule["order"],
                is_active=rule.get("active", True),
                channel="sms" if rule.get("only_sms") else "",
                parameters=parameters,
            )
            typology.rules.add(made)
            into.append((rule, made.pk))


def store_other(other, stored, ids, operator):
    """Another delivery with its messages, one per person. Everything happened between its confirmation and its end."""
    delivery = Delivery.objects.create(label="Other", channel=other["channel"])
    prepared = Preparation.objects.create(delivery=delivery, number=1, status="superseded")
    moments = [NOW + timedelta(days=day) for _place, _status, day in other["messages"]]
    confirmed = stored.confirmed[id(other)] = min([NOW, *moments])
    rows = {}
    for place, status, day in other["messages"]:
        pk, moment = ids[place % len(ids)], NOW + timedelta(days=day)
        if pk in rows or (status not in ("pending", "ignored") and other["status"] in ("ready", "editing")):
            continue
        stored.messages.append((other, pk, status, moment))
        ended_at = None if status in ("pending", "ignored") else moment
        exclusion = "blocklist" if status == "ignored" else ""
        rows[pk] = Message(
            preparation=prepared, profile_id=pk, exclusion=exclusion, status=status, ended_at=ended_at, prepared_at=NOW
        )
    Message.objects.bulk_create(rows.values())
    changes = {"status": other["status"], "preparation": None if other["status"] == "editing" else prepared}
    if other["contact"] is not None:
        changes["contact_at"] = NOW + timedelta(days=other["contact"])
    if other["status"] not in ("ready", "editing"):
        changes |= {"confirmed_at": confirmed, "confirmed_by": operator}
    if other["status"] == "finished":
        changes["finished_at"] = max([NOW, *moments])
    Delivery.objects.filter(pk=delivery.pk).update(**changes)


def prepare(world, first):
    """The verdicts of the product: id -> (exclusion, detail), the volumes that it lists, and the seed of its draw."""
    delivery = Delivery.objects.create(
        label="Spring",
        channel=world["channel"],
        subject="News",
        text="{{ unsubscribe_url }}",
        audience=AUDIENCES[world["audience"]][0],
        control_group=world["group"],
        size_limit=world["limit"],
        contact_at=None if world["contact"] is None else NOW + timedelta(days=world["contact"]),
    )
    preparation.start(delivery, by="Ana")
    # PostgreSQL gives no id twice, whatever is rolled back: the ranges begin where the people do.
    Preparation.objects.filter(delivery=delivery).update(next_id=first - 1)
    preparation.run(preparation.claim("test"))
    prepared = Preparation.objects.get(delivery=delivery)
    assert prepared.status == "ready", delivery.log.last().shown
    found = {
        pk: (exclusion, detail) for pk, exclusion, detail in prepared.messages.values_list("profile_id", "exclusion", "detail")
    }
    rows = ExclusionCause.objects.filter(preparation=prepared).values_list("exclusion", "detail", "volume")
    seed = next((rule["parameters"]["group"].get("seed") for rule in prepared.rules if rule["exclusion"] == "control_group"), "")
    return found, {(exclusion, detail): volume for exclusion, detail, volume in rows if volume}, seed


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(-(-POPULATIONS // AT_ONCE)))  # what is rolled back slows a transaction down
def test_everybody_gets_the_reason_that_the_model_gives(part):
    operator = get_user_model().objects.create_superuser("ana")
    seen = Counter()

    @hypothesis_settings(
        max_examples=AT_ONCE, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    @given(seed=st.integers(0, 2**64))
    def everybody(seed):
        world = draw_world(random.Random(seed))
        savepoint = transaction.savepoint()
        try:
            stored = store(world, operator)
            with override_settings(PREPARATION_RANGE=world["range"]):
                found, volumes, drawn = prepare(world, min(stored.people))
            expected = judge(world, stored, drawn)
            assert found == expected
            counted = list(expected.values())
            assert volumes == {verdict: counted.count(verdict) for verdict in set(counted) if verdict[0]}
            seen.update(exclusion for exclusion, _detail in counted)
        finally:
            transaction.savepoint_rollback(savepoint)

    everybody()

    assert set(seen) == {"", *Exclusion.values}
