"""What a merge does to messages that are prepared or on their way."""

import pytest

from deliveries import returnpath
from deliveries.models import Message
from profiles import consent
from profiles.models import Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def outcomes():
    return list(Message.objects.order_by("profile_id").values_list("profile_id", "status", "outcome"))


@pytest.fixture
def confirmed(make_delivery, prepare, confirm):
    """A delivery to everybody, ready to leave."""

    def run(**fields):
        delivery = make_delivery(**fields)
        prepare(delivery)
        confirm(delivery)
        return delivery

    return run


def test_a_message_of_the_loser_reaches_the_winner_at_the_address_that_was_kept(confirmed, merge, send_all, smtp):
    winner = ProfileFactory(email="", opted_out=[], first_name="Marie")
    loser = ProfileFactory(email="maria@example.org", first_name="Maria")
    delivery = confirmed()
    merge(winner, loser, "email")

    send_all()

    assert smtp.recipients == ["maria@example.org"]
    assert outcomes() == [(winner.pk, "ignored", ""), (loser.pk, "sent", "")]
    accepted = smtp.accepted[0]
    assert b"Hello Marie" in accepted.data
    assert returnpath.read(accepted.mail_from) == returnpath.Origin(delivery.preparation_id, loser.pk)


@pytest.mark.parametrize("refused", ["email", "all"])
def test_nobody_gets_mail_through_a_profile_that_was_merged_away(confirmed, merge, send_all, smtp, refused):
    winner, loser, other = ProfileFactory(email="", opted_out=[refused]), ProfileFactory(), ProfileFactory()
    confirmed()
    merge(winner, loser, "email")

    send_all()

    assert smtp.recipients == [other.email]
    assert outcomes() == [(winner.pk, "ignored", ""), (loser.pk, "excluded_late", "blocklist"), (other.pk, "sent", "")]


def test_an_opt_out_after_the_merge_stops_both_messages(confirmed, merge, send_all, smtp):
    winner, loser, other = ProfileFactory(), ProfileFactory(), ProfileFactory()
    confirmed()
    merge(winner, loser, "email")
    consent.opt_out(loser, "email", source=Source.ONE_CLICK)

    send_all()

    assert smtp.recipients == [other.email]


def test_an_address_that_was_not_kept_gets_nothing(confirmed, merge, send_all, smtp):
    winner, loser = ProfileFactory(), ProfileFactory()
    confirmed()
    merge(winner, loser)

    send_all()

    assert smtp.recipients == [winner.email]
    assert outcomes() == [(winner.pk, "sent", ""), (loser.pk, "excluded_late", "address_changed")]


@pytest.mark.parametrize("got_it", ["winner", "loser"])
def test_whoever_got_a_delivery_before_the_merge_does_not_get_it_again(confirmed, merge, send_all, smtp, got_it):
    winner, loser = ProfileFactory(), ProfileFactory()
    confirmed()
    first, second = (winner, loser) if got_it == "winner" else (loser, winner)
    Message.objects.filter(profile=first.pk).update(status="sent", ended_at="2026-11-01T10:00Z")
    merge(winner, loser, *(["email"] if got_it == "winner" else []))

    send_all()

    assert smtp.recipients == []
    assert {pk: (status, outcome) for pk, status, outcome in outcomes()}[second.pk] == ("excluded_late", "merged")


def test_the_log_of_a_delivery_finds_the_message_of_the_loser_by_the_name_of_the_winner(
    backoffice, confirmed, merge, send_all, smtp
):
    winner, loser = ProfileFactory(last_name="Dupont"), ProfileFactory(last_name="Dupond")
    ProfileFactory(last_name="Martin")
    delivery = confirmed()
    send_all()
    merge(winner, loser)

    lines = backoffice.get(f"/admin/deliveries/{delivery.pk}/messages/", {"q": "dupont"}).context["lines"]

    assert [(message.profile_id, profile.pk) for message, profile in lines] == [(winner.pk, winner.pk), (loser.pk, winner.pk)]


def test_a_later_delivery_finds_one_profile(confirmed, merge, send_all, smtp):
    winner, loser = ProfileFactory(), ProfileFactory()
    merge(winner, loser)
    confirmed()

    send_all()

    assert outcomes() == [(winner.pk, "sent", "")]


def test_the_logs_of_the_winner_have_the_messages_of_both(backoffice, confirmed, merge, send_all, smtp):
    winner, loser = ProfileFactory(), ProfileFactory()
    confirmed(label="Spring news")
    send_all()
    merge(winner, loser)

    page = backoffice.get(f"/admin/profiles/{winner.pk}/sending-log/").content.decode()
    of_the_loser = backoffice.get(f"/admin/profiles/{loser.pk}/sending-log/").content.decode()

    assert page.count("Spring news") == 2
    assert of_the_loser.count("Spring news") == 2
