""" "Why not this address?": an answer for everybody, whatever became of them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from deliveries import answers, lifecycle
from deliveries.models import Message
from deliveries.statuses import MessageStatus
from deliveries.typology_models import Typology, TypologyRule
from profiles import consent
from profiles.models import Profile, Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db

FRENCH = {"field": "country", "operator": "in", "value": ["FR"]}


def ask(delivery, text):
    delivery.refresh_from_db()
    return answers.ask(delivery, text)


def told(delivery, text):
    """(name, label, text) of each answer."""
    return [(answer.profile and answer.profile.first_name, answer.label, answer.text) for answer in ask(delivery, text)]


@pytest.mark.parametrize("name", ["email", "external_id", "public_id", "mobile"])
def test_a_person_is_known_by_each_address_and_id(make_delivery, prepare, name):
    marie = ProfileFactory(first_name="Marie", external_id="CRM-7", opted_out=["email"])
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)

    assert told(delivery, f" {getattr(marie, name)} ") == [
        ("Marie", "Address on blocklist", "The recipient no longer wants to be contacted.")
    ]


def test_who_was_left_out_is_told_which_flag_since_when_and_by_whom(operator, make_delivery, prepare):
    marie = ProfileFactory()
    consent.opt_out(marie, "all", source=Source.OPERATOR, by=operator)
    delivery = make_delivery()
    prepare(delivery)

    answer = ask(delivery, marie.email)[0]

    assert (answer.because, answer.by, answer.since <= timezone.now()) == (
        "No longer contact (by any channel)",
        "Ana Lopes",
        True,
    )
    assert answer.url.startswith(reverse("profiles:consent_history", args=[marie.pk]))


def test_twins_have_an_answer_each(make_delivery, prepare):
    kept = ProfileFactory(first_name="Kept", email="marie@example.org")
    ProfileFactory(first_name="Twin", email="marie@example.org")
    delivery = make_delivery()
    prepare(delivery)

    found = ask(delivery, "MARIE@example.org")

    assert [(one.profile.first_name, one.label, one.because) for one in found] == [
        ("Kept", "To deliver", ""),
        ("Twin", "Duplicate", f"same address as {kept}"),
    ]


@pytest.mark.parametrize(
    ("status", "outcome", "expected"),
    [
        (MessageStatus.SENT, "", ("Sent", "")),
        (MessageStatus.FAILED, "550 5.1.1 User unknown", ("Failed", "550 5.1.1 User unknown")),
        (MessageStatus.UNCERTAIN, "connection lost", ("Uncertain", "connection lost")),
        (MessageStatus.EXCLUDED_LATE, "address_changed", ("Excluded late", "Address changed since the preparation")),
    ],
)
def test_what_became_of_a_message_is_told_with_its_moment(make_delivery, prepare, confirm, status, outcome, expected):
    marie = ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    assert told(delivery, marie.email) == [(marie.first_name, "To deliver", "waiting to be sent")]
    now = timezone.now()
    Message.objects.filter(profile=marie).update(status=status, outcome=outcome, ended_at=now)

    answer = ask(delivery, marie.email)[0]

    assert ((answer.label, answer.text), answer.since) == (expected, now)


@pytest.mark.usefixtures("outbox")
def test_who_opts_out_after_the_preparation_is_told_so(operator, make_delivery, prepare, confirm, send_all, settings):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    marie, other = ProfileFactory(), ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    consent.opt_out(marie, "email", source=Source.OPERATOR, by=operator)

    waiting = ask(delivery, marie.email)[0]
    confirm(delivery)
    send_all()
    late, sent = ask(delivery, marie.email)[0], ask(delivery, other.email)[0]

    assert (waiting.label, waiting.notes) == (
        "To deliver", ["Changed since the preparation: as it is now, this person is left out (Address on blocklist)."],
    )  # fmt: skip
    assert (late.label, late.text, late.because, late.by) == (
        "Excluded late", "Address on blocklist", "No longer contact by email", "Ana Lopes",
    )  # fmt: skip
    assert (sent.label, sent.since is not None) == ("Sent", True)


def test_who_is_not_in_the_audience_is_told_which_condition_says_so(make_delivery, prepare):
    anna = ProfileFactory(first_name="Anna", country="DE")
    ProfileFactory()
    delivery = make_delivery(audience=FRENCH)
    prepare(delivery)

    answer = ask(delivery, anna.email)[0]

    assert (answer.label, [reason.text for reason in answer.reasons]) == ("Not in the audience", ["not true: Country: France"])


def test_who_came_after_the_preparation_is_told_to_prepare_again(make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery(audience=FRENCH)
    prepare(delivery)
    late, elsewhere = ProfileFactory(), ProfileFactory(country="DE")

    text = "The profile was created after the preparation: prepare again to include it."
    assert [(one.text, len(one.reasons)) for who in (late, elsewhere) for one in ask(delivery, who.email)] == [
        (text, 0),
        (text, 1),
    ]


def test_who_fits_by_now_is_told_so(make_delivery, prepare):
    anna = ProfileFactory(country="DE")
    delivery = make_delivery(audience=FRENCH)
    prepare(delivery)
    Profile.objects.filter(pk=anna.pk).update(country="FR")

    assert ask(delivery, anna.email)[0].text.startswith("As the profile is now it is in the audience")


def test_a_merged_profile_answers_for_both(make_delivery, prepare, merge):
    winner, loser = ProfileFactory(first_name="Winner"), ProfileFactory(opted_out=["email"])
    delivery = make_delivery()
    prepare(delivery)
    former = loser.public_id
    merge(winner, loser)

    found = ask(delivery, str(former))

    assert [(one.profile.first_name, one.label) for one in found] == [
        ("Winner", "To deliver"),
        ("Winner", "Address on blocklist"),
    ]
    merged = "The ID is of a profile that was merged into this one."
    message = "The message is of a profile that was merged into this one."
    assert [merged in one.notes for one in found] == [True, True]
    assert [message in one.notes for one in found] == [False, True]


def test_an_address_that_was_changed_leads_to_whose_it_was(make_delivery, prepare):
    marie = ProfileFactory(first_name="Marie", email="old@example.org")
    delivery = make_delivery()
    prepare(delivery)
    Profile.objects.filter(pk=marie.pk).update(email="new@example.org")

    found = ask(delivery, "Old@example.org")

    assert [(one.profile, one.label) for one in found] == [(marie, "To deliver")]
    assert found[0].notes == [
        "Changed since the preparation: as it is now, this person is left out (Address changed since the preparation).",
        "This was the address at the preparation; the profile has another one now.",
    ]
    assert [(one.address, len(one.notes)) for one in ask(delivery, "new@example.org")] == [("old@example.org", 1)]


def test_an_address_that_nobody_has_is_told(backoffice, make_delivery, prepare):
    delivery = make_delivery()
    prepare(delivery)

    for who in ("nobody@example.org", "no\0body", "%", "x" * 500):
        html = backoffice.get(reverse("deliveries:why", args=[delivery.pk]), {"who": who}).content.decode()
        assert "Nobody has this address, external ID or Heed ID" in html


def test_before_a_preparation_the_answer_is_what_it_would_say(make_delivery):
    refuses, fits, elsewhere = ProfileFactory(opted_out=["all"]), ProfileFactory(), ProfileFactory(country="DE")
    delivery = make_delivery(audience=FRENCH)

    labels = [ask(delivery, one.email)[0].label for one in (refuses, fits, elsewhere)]

    assert labels == ["Address on blocklist", "In the audience", "Not in the audience"]


def test_an_audience_that_is_not_understood_any_more_is_said_to_be(make_delivery):
    marie = ProfileFactory()
    delivery = make_delivery(audience={"field": "audience", "operator": "in", "value": 99})

    answer = ask(delivery, marie.email)[0]

    assert (answer.label, answer.text) == ("Not in the audience", "The audience names a list that is deleted or not complete.")


def test_a_changed_delivery_answers_by_what_it_is_now(make_delivery, prepare):
    marie = ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    german = {"field": "country", "operator": "in", "value": ["DE"]}
    lifecycle.revise(delivery, {"audience": german}, revision=delivery.revision, by="Ana Lopes")

    assert [one.label for one in ask(delivery, marie.email)] == ["Not in the audience"]


def test_before_the_first_preparation_the_rules_are_those_of_this_delivery(make_delivery):
    ProfileFactory(first_name="Marie", email="marie@example.org", country="FR")
    rule = TypologyRule.objects.create(label="No France", parameters={"audience": FRENCH}, criteria={"label": "Spring"})
    own = Typology.objects.create(label="Abroad")
    own.rules.add(rule)

    answered = [ask(make_delivery(**values), "marie@example.org")[0].label for values in ({}, {"typology": own})]
    other = ask(make_delivery(typology=own, label="Autumn"), "marie@example.org")[0].label

    assert (answered, other) == (["In the audience", f"No France (RL{rule.pk})"], "In the audience")
