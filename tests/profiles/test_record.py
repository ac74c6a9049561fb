"""The consent record: everything the ledger holds about one person, with its seals; and the question on the history tab."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles import consent, ledger, sealing, subscriptions, tampering, triggers
from profiles.consent import Evidence
from profiles.models import ConsentEvent, Profile, Seal, SealedBatch, Source
from profiles.record import consent_record
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def marie():
    """Two sealed events in two batches, and one that is not sealed yet."""
    profile = ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org")
    ProfileFactory(opted_out=["all"], last_name="Martin")
    seen = Evidence(
        wording="☑ Ne plus recevoir de SMS\n☐ <b>rien</b>",
        page_label="Vos préférences (version 4)",
        page_version_id=9,
        ip="192.0.2.0/24",
    )
    consent.opt_out(profile, "sms", source=Source.LANDING_PAGE, evidence=seen)
    sealing.Sealer().tick()
    subscriptions.subscribe(profile, ServiceFactory(label="Thursday letter"), source=Source.OPERATOR, by="Ana Lopes")
    sealing.Sealer().tick()
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    return profile


def record_url(profile):
    return f"/admin/profiles/{profile.pk}/consent-record/"


def test_record_has_every_event_with_its_batch(marie):
    lines = consent_record(marie).lines

    assert [(line.event.scope, line.batch, line.genuine) for line in lines] == [
        ("sms", 1, True),
        ("service", 2, True),
        ("email", None, False),
    ]
    assert consent_record(marie).newest_batch == SealedBatch.objects.get(number=2)


def test_record_tells_an_altered_event(marie, backoffice):
    first = ConsentEvent.objects.filter(profile=marie).order_by("pk").first()
    with triggers.lifted(connection, ledger.GUARD):
        ConsentEvent.objects.filter(pk=first.pk).update(wording="I agree")

    assert [line.genuine for line in consent_record(marie).lines] == [False, True, False]
    assert "does not match its seal: altered" in backoffice.get(record_url(marie)).content.decode()


def test_record_tells_an_inserted_event(marie, backoffice):
    gone = ConsentEvent.objects.get(profile__last_name="Martin").pk
    with triggers.lifted(connection, *ledger.GUARDS), connection.cursor() as cursor:
        cursor.execute("DELETE FROM profiles_consentevent WHERE id = %s", [gone])
        cursor.execute("DELETE FROM profiles_seal WHERE event_id = %s", [gone])
    values = {"scope": "push", "before": False, "after": True, "at": timezone.now(), "source": Source.OPERATOR}
    ConsentEvent.objects.create(pk=gone, profile=marie, **values)

    first, *others = consent_record(marie).lines
    assert (first.batch, first.sealed, first.genuine) == (1, False, False)
    assert [line.sealed for line in others] == [True, True, False]
    assert "has no seal: inserted" in backoffice.get(record_url(marie)).content.decode()


def test_record_page_says_all_that_the_ledger_says(marie, backoffice):
    html = backoffice.get(record_url(marie)).content.decode()

    for text in (
        "Marie Dupont",
        "marie@example.org",
        str(marie.public_id),
        "by Ana Lopes",
        "Vos préférences (version 4)",
        "192.0.2.0/24",
        "☑ Ne plus recevoir de SMS<br>☐ &lt;b&gt;rien&lt;/b&gt;",
        "sealed in batch 1",
        "sealed in batch 2",
        "not yet sealed",
        f"manage.py check_consent --noted {tampering.noted_form(SealedBatch.objects.get(number=2))}",
    ):
        assert text in html, text
    assert "Martin" not in html


def test_record_page_of_somebody_without_an_event(backoffice):
    html = backoffice.get(record_url(ProfileFactory())).content.decode()

    assert "No choice is recorded" in html
    assert "<pre>manage.py check_consent</pre>" in html


def test_record_page_takes_the_same_number_of_queries_for_one_event_and_for_many(marie, backoffice, django_assert_num_queries):
    backoffice.get(record_url(marie))
    with CaptureQueriesContext(connection) as captured:
        backoffice.get(record_url(marie))
    for number in range(20):
        consent.apply_choices(marie, {"push": number % 2 == 0}, source=Source.OPERATOR)
        sealing.Sealer().tick()

    with django_assert_num_queries(len(captured)):
        backoffice.get(record_url(marie))


def test_record_page_writes_nothing(marie, backoffice):
    before = [list(model.objects.order_by("pk").values()) for model in (Profile, ConsentEvent, Seal, SealedBatch)]

    assert backoffice.get(record_url(marie)).status_code == 200

    assert [list(model.objects.order_by("pk").values()) for model in (Profile, ConsentEvent, Seal, SealedBatch)] == before


def history_url(profile, at=""):
    return f"/admin/profiles/{profile.pk}/consent-history/" + (f"?at={at}" if at else "")


@pytest.fixture
def moved(marie):
    """The events as if they had been made in March, an hour apart."""
    with triggers.lifted(connection, ledger.GUARD):
        for hour, event in enumerate(ConsentEvent.objects.filter(profile=marie).order_by("pk")):
            ConsentEvent.objects.filter(pk=event.pk).update(at=datetime(2026, 3, 3, 10 + hour, tzinfo=UTC))
    Profile.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    return marie


def test_history_tab_answers_what_was_allowed_at_a_moment(moved, backoffice):
    response = backoffice.get(history_url(moved, "2026-03-03T11:30"))

    told = [(one["state"].label, one["state"].value) for one in response.context["told_boxes"]]
    assert [value for _label, value in told] == [False, False, True, False, False]
    assert [one["state"].label for one in response.context["told_subscriptions"]] == ["Thursday letter"]
    html = response.content.decode()
    assert "On 3 March 2026 11:30:00 UTC" in html
    assert "<dd>Email, Push notification, Direct mail</dd>" in html
    assert f'href="{record_url(moved)}"' in html


def test_history_tab_takes_the_moment_for_one_of_the_operators_zone(moved, backoffice, settings):
    settings.TIME_ZONE = "Europe/Paris"

    values = [
        backoffice.get(history_url(moved, at)).context["told_boxes"][2]["state"].value
        for at in ("2026-03-03T10:59:59", "2026-03-03T11:00:00")
    ]

    assert values == [False, True]


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("yesterday", "Enter a day and a time."),
        ("", "This field is required."),
        ((timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"), "This moment is still to come."),
    ],
)
def test_history_tab_says_what_is_wrong_with_a_moment(marie, backoffice, at, sentence):
    response = backoffice.get(history_url(marie) + f"?at={at}")

    assert (response.status_code, sentence in response.content.decode()) == (200, True)
    assert "asked" not in response.context


def test_history_tab_says_that_the_profile_did_not_exist_yet(moved, backoffice):
    assert "this profile did not exist yet" in backoffice.get(history_url(moved, "2025-12-31T23:59")).content.decode()
