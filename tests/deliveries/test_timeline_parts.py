"""Messages in a profile's marketing history."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deliveries.models import Delivery, Message, Preparation
from deliveries.timeline_parts import MESSAGES
from profiles import timeline
from profiles.models import Profile
from tests.factories import ProfileFactory, QuarantinedAddressFactory

pytestmark = pytest.mark.django_db


def newest(profile, limit=50):
    found = MESSAGES.entries(profile, timezone.now() + timedelta(days=1), limit)
    return [(entry.title, entry.state, entry.status, entry.detail) for entry in found]


def test_messages_sent_failed_and_left_out_are_shown_and_those_that_wait_are_not(make_delivery, prepare, confirm, send_all, smtp):
    marie, paul = ProfileFactory(email="marie@example.org"), ProfileFactory(email="paul@example.org")
    QuarantinedAddressFactory(address=paul.email, reason="user_unknown")
    sent = make_delivery(label="Spring news")
    prepare(sent)
    confirm(sent)
    send_all()
    waiting = make_delivery(label="Autumn news")
    prepare(waiting)

    assert newest(marie) == [("Email “Spring news”", "Sent", "sent", "marie@example.org")]
    left_out = ("left out", "ignored", "Quarantined address · User unknown · paul@example.org")
    assert newest(paul) == [("Email “Autumn news”", *left_out), ("Email “Spring news”", *left_out)]
    assert (MESSAGES.count(marie), MESSAGES.count(paul)) == (1, 2)
    message = Message.objects.get(preparation=sent.preparation, profile=marie)
    assert MESSAGES.first(marie) == message.ended_at
    month = timezone.localtime(message.ended_at).date().replace(day=1)
    assert MESSAGES.months(marie, message.ended_at) == {month: 1}
    assert MESSAGES.months(marie, message.ended_at + timedelta(seconds=1)) == {}


def test_message_leads_to_its_line_in_the_log(make_delivery, prepare, confirm, send_all, smtp, backoffice):
    marie = ProfileFactory(email="marie@example.org")
    ProfileFactory(email="paul@example.org")
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    send_all()

    [entry] = MESSAGES.entries(marie, timezone.now() + timedelta(days=1), 5)
    html = backoffice.get(entry.url).content.decode()

    assert ("marie@example.org" in html, "paul@example.org" in html) == (True, False)


def many_messages(profile, number):
    """As many finished deliveries with one message each."""
    now = timezone.now()
    deliveries = Delivery.objects.bulk_create(Delivery(label=f"News {n}") for n in range(number))
    preparations = Preparation.objects.bulk_create(
        Preparation(delivery=delivery, number=1, status="superseded") for delivery in deliveries
    )
    Message.objects.bulk_create(
        Message(
            preparation=preparation,
            profile=profile,
            address=profile.email,
            prepared_at=now,
            status="sent",
            ended_at=now - timedelta(hours=place),
        )
        for place, preparation in enumerate(preparations)
    )
    for delivery, preparation in zip(deliveries, preparations, strict=True):
        delivery.preparation = preparation
    Delivery.objects.bulk_update(deliveries, ["preparation"], batch_size=500)


@pytest.mark.slow
def test_history_of_ten_thousand_messages_takes_as_many_queries_as_of_one_and_little_time(backoffice):
    profile = ProfileFactory()
    many_messages(profile, 1)
    url = f"/admin/profiles/{profile.pk}/marketing-history/"
    backoffice.get(url)
    with CaptureQueriesContext(connection) as one:
        backoffice.get(url)
    many_messages(profile, 9_999)
    assert Profile.objects.count() == 1

    began = time.perf_counter()
    with CaptureQueriesContext(connection) as many:
        response = backoffice.get(url)
    seconds = time.perf_counter() - began

    assert len(many) == len(one)
    assert (response.context["summary"].total, len(response.context["page"].entries)) == (10_000, timeline.PAGE)
    assert seconds < 5, seconds
