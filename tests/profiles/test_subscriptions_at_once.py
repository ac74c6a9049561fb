"""Two at the same moment change one subscription."""

import pytest
from django.db import connection

from profiles import ledger, subscriptions
from profiles.models import ConsentEvent, Profile, Source, Subscription
from tests.factories import ProfileFactory, ServiceFactory
from tests.quarantine.test_counting_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _connections_can_wait_for_each_other():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("SQLite in memory does not wait for a lock: give the test database a file, or use PostgreSQL")


def test_who_subscribes_twice_at_once_is_subscribed_once_with_one_row():
    profile, service = ProfileFactory(), ServiceFactory()
    done = []

    assert at_once(*[lambda: done.append(subscriptions.subscribe(profile, service, source=Source.OPERATOR))] * 4) == []

    assert sorted(done) == [False, False, False, True]
    assert (Subscription.objects.count(), ConsentEvent.objects.count()) == (1, 1)


def test_a_list_and_a_page_at_once_subscribe_each_profile_once():
    people, service = ProfileFactory.create_batch(20), ServiceFactory()
    chosen = Profile.objects.filter(pk__in=[one.pk for one in people])
    acts = [lambda: subscriptions.subscribe_set(chosen, service, source=Source.IMPORT)] * 2
    acts += [lambda one=one: subscriptions.subscribe(one, service, source=Source.LANDING_PAGE) for one in people[:4]]

    assert at_once(*acts) == []

    assert (Subscription.objects.count(), ConsentEvent.objects.count()) == (20, 20)
    assert list(ledger.disagreements()) == []


def test_two_workers_close_an_expired_subscription_once():
    service = ServiceFactory(validity_amount=1, validity_unit="days")
    for profile in ProfileFactory.create_batch(5):
        subscriptions.subscribe(profile, service, source=Source.OPERATOR)
    Subscription.objects.update(expires_at="2020-01-01T00:00:00Z")
    closed = []

    assert at_once(*[lambda: closed.append(subscriptions.expire())] * 3) == []

    assert sum(closed) == 5
    assert (Subscription.objects.count(), ConsentEvent.objects.filter(after=True).count()) == (0, 5)
    assert list(ledger.disagreements()) == []
