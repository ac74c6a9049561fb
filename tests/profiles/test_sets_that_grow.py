"""Somebody joins a set between two statements about it: everybody in it has a row in the ledger, or nothing was written."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.utils import timezone

from profiles import consent, ledger, subscriptions
from profiles.models import ConsentEvent, Profile, Source, Subscription
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db


@contextmanager
def just_before(beginning, act):
    """Do something right before the first statement that begins so."""
    waiting = [act]

    def look(execute, sql, params, many, context):
        if waiting and sql.startswith(beginning):
            waiting.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield


@pytest.fixture
def paris():
    ProfileFactory.create_batch(2, city="Paris")
    return Profile.objects.filter(city="Paris")


def changes():
    return list(ConsentEvent.objects.order_by("profile_id", "pk").values_list("profile_id", "after"))


def test_whoever_joins_a_set_that_is_opted_out_is_in_the_ledger(paris):
    with just_before('UPDATE "profiles_profile"', lambda: ProfileFactory(city="Paris")):
        number = consent.opt_out_set(paris, "email", source=Source.OPERATOR, by="Ana")

    ticked = list(paris.filter(opted_out_email=True).order_by("pk").values_list("pk", flat=True))
    assert changes() == [(pk, True) for pk in ticked]
    assert number == len(ticked) >= 2
    assert list(ledger.disagreements()) == []


def test_whoever_joins_a_set_that_is_subscribed_is_in_the_ledger(paris):
    service = ServiceFactory()
    with just_before('INSERT INTO "profiles_subscription"', lambda: ProfileFactory(city="Paris")):
        number = subscriptions.subscribe_set(paris, service, source=Source.IMPORT, by="Ana")

    subscribed = list(Subscription.objects.order_by("profile_id").values_list("profile_id", flat=True))
    assert changes() == [(pk, False) for pk in subscribed]
    assert number == len(subscribed) >= 2
    assert list(ledger.disagreements()) == []


def test_whoever_joins_a_set_that_is_unsubscribed_is_in_the_ledger(paris):
    service = ServiceFactory()
    subscriptions.subscribe_set(paris, service, source=Source.IMPORT, by="Ana")
    lyon = ProfileFactory(city="Lyon")
    subscriptions.subscribe(lyon, service, source=Source.OPERATOR, by="Ana")
    start = timezone.now()

    with just_before("DELETE", lambda: Profile.objects.filter(pk=lyon.pk).update(city="Paris")):
        number = subscriptions.unsubscribe_set(paris, service, source=Source.IMPORT, by="Ana")

    assert ConsentEvent.objects.filter(after=True, at__gte=start).count() == number >= 2
    assert list(ledger.disagreements()) == []
