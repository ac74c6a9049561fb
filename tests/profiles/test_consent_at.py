"""What was allowed at a moment: the last event before it decides, and is named."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from profiles.consent_at import consent_at
from profiles.models import ConsentEvent, Profile
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


def minute(number):
    return START + timedelta(minutes=number)


@pytest.fixture
def marie():
    """Email ticked at minute 0, cleared at 2; everything ticked at 4; subscribed at 1, unsubscribed at 3, again at 5."""
    profile = ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org")
    Profile.objects.update(created_at=minute(-10))
    profile.refresh_from_db()
    letter = ServiceFactory(label="Thursday letter")

    def event(number, scope, after, **fields):
        values = {
            "before": not after,
            "after": after,
            "at": minute(number),
            "source": "landing_page",
            "page_label": "Preferences",
        }
        return ConsentEvent.objects.create(profile=profile, scope=scope, **values | fields)

    service = {"service": letter, "service_label": letter.label}
    event(0, "email", True, source="operator", by="Ana Lopes", page_label="")
    event(1, "service", False, **service)
    event(2, "email", False)
    event(3, "service", True, **service)
    event(4, "all", True)
    event(5, "service", False, **service)
    return profile


def events():
    return list(ConsentEvent.objects.order_by("pk"))


def test_consent_at_names_the_event_behind_each_box(marie):
    first, _second, third, _fourth, fifth, _sixth = events()

    states = {
        number: [(box.value, box.event) for box in consent_at(marie, minute(number)).boxes] for number in (-1, 0, 1, 2, 4, 60)
    }
    untouched = [(False, None)] * 3
    assert states == {
        -1: [(False, None), (False, None), *untouched],
        0: [(False, None), (True, first), *untouched],
        1: [(False, None), (True, first), *untouched],
        2: [(False, None), (False, third), *untouched],
        4: [(True, fifth), (False, third), *untouched],
        60: [(True, fifth), (False, third), *untouched],
    }


def test_consent_at_an_event_counts_from_its_very_moment(marie):
    assert not consent_at(marie, START - timedelta(microseconds=1)).boxes[1].value
    assert consent_at(marie, START).boxes[1].value


def test_consent_at_follows_a_subscription(marie):
    found = {
        number: [(one.label, one.value, one.event.pk) for one in consent_at(marie, minute(number)).subscriptions]
        for number in (0, 1, 3, 5)
    }
    second, fourth, sixth = (events()[place].pk for place in (1, 3, 5))
    assert found == {
        0: [],
        1: [("Thursday letter", True, second)],
        3: [("Thursday letter", False, fourth)],
        5: [("Thursday letter", True, sixth)],
    }


def test_consent_at_says_on_which_channels_she_could_be_contacted(marie):
    assert [consent_at(marie, minute(number)).refused for number in (-1, 0, 2, 4)] == [
        [],
        ["Email"],
        [],
        ["Email", "SMS", "Push notification", "Direct mail"],
    ]
    assert consent_at(marie, minute(0)).allowed == ["SMS", "Push notification", "Direct mail"]


def test_consent_at_a_moment_before_the_profile(marie):
    assert [consent_at(marie, minute(number)).existed for number in (-11, -10)] == [False, True]


def test_consent_at_is_not_confused_by_another_profile(marie):
    other = ProfileFactory(opted_out=["sms"])

    assert [box.value for box in consent_at(marie, timezone.now()).boxes] == [True, False, False, False, False]
    assert [box.value for box in consent_at(other, timezone.now()).boxes] == [False, False, True, False, False]


def test_consent_at_takes_three_queries_for_any_history(marie, django_assert_num_queries):
    for number in range(100, 200):
        values = {"before": number % 2 == 1, "after": number % 2 == 0, "source": "operator"}
        ConsentEvent.objects.create(profile=marie, scope="push", at=minute(number), **values)

    with django_assert_num_queries(3):
        consent_at(marie, timezone.now())


def test_command_prints_every_box_and_subscription(marie, capsys):
    first, second = (event.pk for event in events()[:2])
    for name in (str(marie.pk), str(marie.public_id), "Marie@Example.org"):
        call_command("consent_at", name, "2026-03-03 10:01")
        assert capsys.readouterr().out.splitlines() == [
            f"Marie Dupont (profile {marie.pk}) on 3 March 2026 10:01:00 UTC:",
            "May be contacted by: SMS, Push notification, Direct mail",
            "May not be contacted by: Email",
            "  No longer contact (by any channel): not ticked",
            f"  No longer contact by email: ticked since 3 March 2026 10:00:00 UTC: operator, Ana Lopes (event {first})",
            "  No longer contact by SMS: not ticked",
            "  No longer contact by push notification: not ticked",
            "  No longer contact by direct mail: not ticked",
            (
                "  Thursday letter: subscribed since 3 March 2026 10:01:00 UTC:"
                f" landing page, the person herself, page “Preferences” (event {second})"
            ),
        ]


def test_command_reads_moments_in_the_zone_of_the_installation_or_with_their_own(marie, settings, capsys):
    settings.TIME_ZONE = "Europe/Paris"
    for moment, refused in (("2026-03-03 10:59", "–"), ("2026-03-03 11:00", "Email"), ("2026-03-03T10:00:00Z", "Email")):
        call_command("consent_at", str(marie.pk), moment)
        assert capsys.readouterr().out.splitlines()[2] == f"May not be contacted by: {refused}"


def test_command_says_that_the_profile_did_not_exist_yet(marie, capsys):
    call_command("consent_at", str(marie.pk), "2026-03-01")
    assert capsys.readouterr().out.splitlines()[1:] == ["The profile did not exist yet."]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody", "2026-03-03 10:00"], "There is no profile “nobody”."),
        (["@@", "2026-03-03 10:00"], "There is no profile “@@”."),
        (["99999999", "2026-03-03 10:00"], "There is no profile “99999999”."),
        (["marie@example.org", "yesterday"], 'Write the moment such as "2026-03-03 10:00".'),
        (["marie@example.org", "2026-02-30 10:00"], 'Write the moment such as "2026-03-03 10:00".'),
        (["marie@example.org", "2999-01-01 10:00"], "This moment is still to come."),
        (["twins@example.org", "2026-03-03 10:00"], "Several profiles have this address: name one by its number, "),
    ],
)
def test_command_refuses_what_it_cannot_answer(marie, arguments, sentence):
    ProfileFactory.create_batch(2, email="twins@example.org")

    with pytest.raises(CommandError) as caught:
        call_command("consent_at", *arguments)
    assert str(caught.value).startswith(sentence)
