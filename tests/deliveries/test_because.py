"""What stands behind an exclusion: the line of a list, the other profile, the rule, the group."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deliveries import explaining
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, Typology, TypologyRule
from profiles import consent
from profiles.channels import Channel
from profiles.models import Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db

ITALIAN = {"field": "country", "operator": "in", "value": ["IT"]}


def explain(prepared, *profiles):
    """The log's line of each profile, in their order."""
    messages = prepared.messages.filter(profile__in=[profile.pk for profile in profiles]).order_by("profile_id")
    return explaining.explain(list(messages), Channel.EMAIL)


def test_a_list_tells_its_line_and_who_put_it_there(make_delivery, prepare):
    address = ExcludedAddress.objects.create(channel="email", address="rival@example.org", created_by="Ana Lopes")
    domain = ExcludedDomain.objects.create(domain="rival.example", created_by="Ben")
    people = ProfileFactory(email="rival@example.org"), ProfileFactory(email="marie@rival.example")

    lines = explain(prepare(make_delivery()), *people)

    assert [(line.rule, line.because, line.by, line.since) for line in lines] == [
        ("Exclusion of addresses", "rival@example.org", "Ana Lopes", address.created_at),
        ("Exclusion of domains", "rival.example", "Ben", domain.created_at),
    ]
    assert [line.url for line in lines] == [
        reverse("deliveries:excluded_addresses") + "?q=rival%40example.org",
        reverse("deliveries:excluded_domains") + "?q=rival.example",
    ]


def test_a_line_that_was_put_back_later_tells_nothing(make_delivery, prepare):
    ExcludedAddress.objects.create(channel="email", address="rival@example.org", created_by="Ana Lopes")
    marie = ProfileFactory(email="rival@example.org")
    prepared = prepare(make_delivery())
    ExcludedAddress.objects.all().delete()
    ExcludedAddress.objects.create(channel="email", address="rival@example.org", created_by="Ben")

    line = explain(prepared, marie)[0]

    assert (line.because, line.by, line.since, line.url) == ("rival@example.org", "", None, "")


def test_a_shared_address_names_the_other_profile_and_her_choice(operator, make_delivery, prepare):
    TypologyRule.objects.filter(code="shared_opt_out").update(is_active=True)
    refused = ProfileFactory(first_name="Zoé", email="family@example.org")
    consent.opt_out(refused, "email", source=Source.OPERATOR, by=operator)
    marie = ProfileFactory(email="family@example.org")

    line = explain(prepare(make_delivery()), marie)[0]

    assert (line.because, line.by, line.since is not None) == (str(refused), "Ana Lopes", True)
    assert line.url.startswith(reverse("profiles:consent_history", args=[refused.pk]))


def test_an_own_rule_tells_who_made_it_unless_it_was_changed_since(make_delivery, prepare):
    rule = TypologyRule.objects.create(label="No Italy", parameters={"audience": ITALIAN}, modified_by="Ana Lopes")
    Typology.objects.get().rules.add(rule)
    anna = ProfileFactory(country="IT")
    prepared = prepare(make_delivery())

    before = explain(prepared, anna)[0]
    TypologyRule.objects.filter(pk=rule.pk).update(modified_by="Ben", modified_at=timezone.now() + timedelta(days=1))
    after = explain(prepared, anna)[0]

    assert (before.rule, before.by, before.since) == (f"No Italy (RL{rule.pk})", "Ana Lopes", rule.modified_at)
    assert (after.rule, after.by, after.since) == (f"No Italy (RL{rule.pk})", "", None)
    assert before.url == after.url == reverse("deliveries:typology_rule", args=[rule.pk])


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"control_group": {"kind": "random", "percent": 100}}, "100 %, drawn at random"),
        ({"control_group": {"kind": "first", "number": 2, "by": "created_at"}}, "the first 2 by date of creation"),
        ({"control_group": {"kind": "first", "number": 2, "by": "-created_at"}}, "the last 2 by date of creation"),
        ({"size_limit": 1}, "at most 1"),
    ],
)
def test_a_group_tells_what_the_delivery_asked_for(make_delivery, prepare, fields, because):
    people = ProfileFactory.create_batch(2)

    line = explain(prepare(make_delivery(**fields)), people[1])[0]

    assert line.because == because


def test_a_twin_is_told_whom_the_preparation_kept_and_not_who_refused(make_delivery, prepare):
    ProfileFactory(first_name="Refused", email="family@example.org", opted_out=["email"])
    kept = ProfileFactory(first_name="Kept", email="family@example.org")
    twin = ProfileFactory(first_name="Twin", email="family@example.org")

    held_back = prepare(make_delivery(control_group={"kind": "first", "number": 9, "by": "created_at"}))

    assert [line.because for line in explain(held_back, twin)] == [f"same address as {kept}"]


def test_every_source_costs_the_same_number_of_queries_for_one_and_three_lines(make_delivery, prepare):
    TypologyRule.objects.filter(code="shared_opt_out").update(is_active=True)
    rule = TypologyRule.objects.create(label="No Italy", parameters={"audience": ITALIAN})
    Typology.objects.get().rules.add(rule)
    ExcludedDomain.objects.create(domain="rival.example")
    counts = []
    for number in (1, 3):
        for one in range(number):
            ExcludedAddress.objects.create(channel="email", address=f"rival{number}{one}@example.org")
            ProfileFactory(email=f"rival{number}{one}@example.org")
            ProfileFactory(email=f"x{number}{one}@rival.example")
            ProfileFactory(email=f"family{number}{one}@example.org", opted_out=["all"])
            ProfileFactory(email=f"family{number}{one}@example.org")
            ProfileFactory(country="IT")
            ProfileFactory(email=f"twin{number}{one}@example.org")
            ProfileFactory(email=f"twin{number}{one}@example.org")
        ProfileFactory.create_batch(2)
        prepared = prepare(make_delivery(size_limit=1))
        messages = list(prepared.messages.excluded())
        with CaptureQueriesContext(connection) as queries:
            explaining.explain(messages, Channel.EMAIL)
        counts.append(len(queries))

    assert counts[0] == counts[1]
