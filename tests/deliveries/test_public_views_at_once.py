"""A mail client that posts one click many times at the same moment (reliability.md U9)."""

import pytest
from django.db import connection
from django.test import Client

from profiles import subscriptions
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Profile, Source, Subscription
from tests.factories import ProfileFactory, ServiceFactory
from tests.quarantine.test_counting_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _connections_can_wait_for_each_other():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("SQLite in memory does not wait for a lock: give the test database a file, or use PostgreSQL")


def click_ten_times(url):
    answers = []
    click = {"List-Unsubscribe": "One-Click"}
    assert at_once(*[lambda: answers.append(Client().post(url, click).status_code)] * 10) == []
    return answers


def test_ten_clicks_at_once_opt_out_once():
    profile = ProfileFactory()

    answers = click_ten_times(f"/u/{make_token(Purpose.ONE_CLICK, profile.public_id)}")

    assert answers == [200] * 10
    assert (Profile.objects.get().opted_out_email, ConsentEvent.objects.count()) == (True, 1)


def test_ten_clicks_at_once_end_a_subscription_once(make_delivery):
    profile, service = ProfileFactory(), ServiceFactory()
    subscriptions.subscribe(profile, service, source=Source.OPERATOR)
    delivery = make_delivery(service=service)

    answers = click_ten_times(f"/u/{make_token(Purpose.ONE_CLICK, profile.public_id, delivery=delivery.pk)}")

    assert answers == [200] * 10
    assert (Subscription.objects.count(), ConsentEvent.objects.filter(after=True).count()) == (0, 1)
