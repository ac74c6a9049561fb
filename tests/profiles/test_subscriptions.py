"""Subscribing and unsubscribing: one profile, sets, expiry; the ledger agrees, and who is told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles import audiences, consent, ledger, subscriptions
from profiles.models import ConsentEvent, Notice, Profile, Service, Source, Subscription
from profiles.subscriptions import ServiceClosed
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def marie():
    return ProfileFactory(email="marie@example.org")


def subscribe(profile, service, **values):
    return subscriptions.subscribe(profile, service, **{"source": Source.OPERATOR, "by": "Ana"} | values)


def unsubscribe(profile, service):
    return subscriptions.unsubscribe(profile, service, source=Source.OPERATOR, by="Ana")


def age(service, by=DAY):
    """Time goes by for the subscriptions of the service."""
    for one in Subscription.objects.filter(service=service):
        expires_at = one.expires_at and one.expires_at - by
        Subscription.objects.filter(pk=one.pk).update(created_at=one.created_at - by, expires_at=expires_at)


def events():
    return list(ConsentEvent.objects.order_by("pk").values_list("profile", "after", "source", "detail"))


def notices():
    return list(Notice.objects.order_by("pk").values_list("kind", "address", "service"))


# Days and validity


@pytest.mark.parametrize(
    ("amount", "unit", "start", "end"),
    [
        (90, "minutes", datetime(2026, 3, 1, 23, 0, tzinfo=UTC), datetime(2026, 3, 2, 0, 30, tzinfo=UTC)),
        (36, "hours", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)),
        (10, "days", datetime(2026, 2, 20, 8, tzinfo=UTC), datetime(2026, 3, 2, 8, tzinfo=UTC)),
        (1, "months", datetime(2026, 1, 31, 8, tzinfo=UTC), datetime(2026, 2, 28, 8, tzinfo=UTC)),
        (11, "months", datetime(2026, 2, 15, 8, tzinfo=UTC), datetime(2027, 1, 15, 8, tzinfo=UTC)),
        (12, "months", datetime(2026, 12, 31, 8, tzinfo=UTC), datetime(2027, 12, 31, 8, tzinfo=UTC)),
        (1, "years", datetime(2028, 2, 29, 8, tzinfo=UTC), datetime(2029, 2, 28, 8, tzinfo=UTC)),
        (4, "years", datetime(2028, 2, 29, 8, tzinfo=UTC), datetime(2032, 2, 29, 8, tzinfo=UTC)),
    ],
)
def test_a_subscription_ends_after_the_validity(amount, unit, start, end):
    assert Service(validity_amount=amount, validity_unit=unit).expiry(start) == end


def test_without_a_validity_nothing_ends_by_itself():
    assert Service().expiry(timezone.now()) is None


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "is_open"),
    [
        (None, None, True),
        ("2026-03-10", None, True),
        ("2026-03-11", None, False),
        (None, "2026-03-10", True),
        (None, "2026-03-09", False),
        ("2026-03-01", "2026-03-31", True),
    ],
)
def test_a_service_takes_subscriptions_from_its_first_to_its_last_day(starts_on, ends_on, is_open):
    days = [date.fromisoformat(day) if day else None for day in (starts_on, ends_on)]

    assert Service(starts_on=days[0], ends_on=days[1]).takes_subscriptions(date(2026, 3, 10)) is is_open


def test_outside_its_days_nobody_can_subscribe_and_everybody_can_leave(marie):
    service = ServiceFactory()
    subscribe(marie, service)
    stranger = ProfileFactory()
    service.ends_on = timezone.localdate() - DAY
    service.save()

    with pytest.raises(ServiceClosed):
        subscribe(stranger, service)
    with pytest.raises(ServiceClosed):
        subscriptions.subscribe_set(Profile.objects.all(), service, source=Source.IMPORT)
    assert list(Subscription.objects.values_list("profile", flat=True)) == [marie.pk]

    assert (subscribe(marie, service), unsubscribe(marie, service)) == (False, True)
    assert [event[:2] for event in events()] == [(marie.pk, False), (marie.pk, True)]


# Expiry


def test_an_expired_subscription_counts_as_none_before_the_worker_closes_it(marie):
    service = ServiceFactory(validity_amount=10, validity_unit="days")
    subscribe(marie, service)
    tree = {"field": "service", "operator": "subscribed", "value": service.pk}
    assert list(audiences.profiles(tree)) == [marie]

    age(service, 10 * DAY)

    assert list(audiences.profiles(tree)) == []
    assert subscriptions.is_subscribed(marie, service) is False
    assert Subscription.objects.count() == 1


def test_the_worker_closes_what_expired_and_the_history_says_so(marie):
    short, long = ServiceFactory(validity_amount=10, validity_unit="days"), ServiceFactory()
    for profile in (marie, ProfileFactory()):
        subscribe(profile, short)
    subscribe(marie, long)
    age(short, 11 * DAY)
    fresh = ProfileFactory()
    subscribe(fresh, short)

    assert (subscriptions.expire(), subscriptions.expire()) == (2, 0)

    assert sorted(Subscription.objects.values_list("profile", "service")) == sorted([(marie.pk, long.pk), (fresh.pk, short.pk)])
    assert [event[1:] for event in events()[-2:]] == [(True, "system", "expired")] * 2
    assert (notices(), list(ledger.disagreements())) == ([], [])


def test_subscribing_again_renews_without_a_row_in_the_history(marie):
    service = ServiceFactory(validity_amount=10, validity_unit="days")
    subscribe(marie, service)
    age(service, 9 * DAY)

    assert subscribe(marie, service) is False

    assert Subscription.objects.get().expires_at > timezone.now() + 9.9 * DAY
    assert len(events()) == 1


def test_subscribing_after_the_expiry_closes_the_old_one_first(marie):
    service = ServiceFactory(validity_amount=10, validity_unit="days")
    subscribe(marie, service)
    age(service, 11 * DAY)

    assert subscribe(marie, service) is True

    assert [event[1:] for event in events()] == [
        (False, "operator", ""),
        (True, "system", "expired"),
        (False, "operator", ""),
    ]
    assert list(ledger.disagreements()) == []


def test_leaving_after_the_expiry_is_no_act_of_hers(marie):
    service = ServiceFactory(validity_amount=10, validity_unit="days")
    subscribe(marie, service)
    age(service, 11 * DAY)

    assert unsubscribe(marie, service) is False

    assert [event[1:] for event in events()] == [(False, "operator", ""), (True, "system", "expired")]


# Confirmation messages


def test_only_the_step_from_not_subscribed_to_subscribed_is_confirmed(marie, settings):
    service = ServiceFactory(subscribed_message="default", unsubscribed_message="custom")
    settings.NOTICE_PAUSE_MINUTES = 0

    for act in (subscribe, subscribe, unsubscribe, unsubscribe, subscribe):
        act(marie, service)

    assert [(kind, number) for kind, _address, number in notices()] == [
        ("subscribed", service.pk),
        ("unsubscribed", service.pk),
        ("subscribed", service.pk),
    ]


def test_to_and_fro_within_minutes_is_confirmed_once(marie):
    service, other = ServiceFactory(subscribed_message="default"), ServiceFactory(subscribed_message="default")
    for _ in range(3):
        subscribe(marie, service)
        unsubscribe(marie, service)

    subscribe(marie, other)

    assert [number for _kind, _address, number in notices()] == [service.pk, other.pk]


def test_nobody_is_told_by_a_service_without_messages_nor_without_an_address(marie):
    silent, loud = ServiceFactory(), ServiceFactory(subscribed_message="default")
    for service in (silent, loud):
        subscribe(marie, service)
        subscribe(ProfileFactory(email=""), service)

    assert notices() == [("subscribed", "marie@example.org", loud.pk)]


def test_a_subscription_lifts_no_opt_out(marie):
    consent.opt_out(marie, "email", source=Source.OPERATOR)

    subscribe(marie, ServiceFactory())

    assert Profile.objects.get(pk=marie.pk).choices["email"] is True


# Sets


def test_a_set_is_subscribed_in_one_act_and_nobody_is_told(marie):
    service = ServiceFactory(subscribed_message="default", validity_amount=1, validity_unit="months")
    others = ProfileFactory.create_batch(3)
    left_out = ProfileFactory()
    subscribe(others[0], service)
    age(service, 60 * DAY)  # expired
    subscribe(marie, service)
    age(service, DAY)
    Notice.objects.all().delete()
    chosen = Profile.objects.exclude(pk=left_out.pk)

    assert subscriptions.subscribe_set(chosen, service, source=Source.IMPORT, by="Ana") == 3
    assert subscriptions.subscribe_set(chosen, service, source=Source.IMPORT, by="Ana") == 0

    assert sorted(Subscription.objects.values_list("profile", flat=True)) == sorted([marie.pk, *(one.pk for one in others)])
    assert all(one.expires_at > timezone.now() + 27 * DAY for one in Subscription.objects.all())
    assert [event[1:3] for event in events()] == [(False, "operator")] * 2 + [(True, "system")] + [(False, "import")] * 3
    assert (notices(), list(ledger.disagreements())) == ([], [])


def test_a_set_is_unsubscribed_in_one_act(marie):
    service, other = ServiceFactory(unsubscribed_message="default"), ServiceFactory()
    subscribe(marie, service)
    subscribe(marie, other)
    stays = ProfileFactory()
    subscribe(stays, service)

    done = [
        subscriptions.unsubscribe_set(Profile.objects.exclude(pk=stays.pk), service, source=Source.IMPORT, by="Ana")
        for _ in range(2)
    ]

    assert done == [1, 0]
    assert sorted(Subscription.objects.values_list("profile", "service")) == sorted(
        [(stays.pk, service.pk), (marie.pk, other.pk)]
    )
    assert events()[-1] == (marie.pk, True, "import", "")
    assert (notices(), list(ledger.disagreements())) == ([], [])


@pytest.mark.parametrize("verb", [subscriptions.subscribe_set, subscriptions.unsubscribe_set])
def test_a_set_costs_the_same_number_of_statements_for_1_and_50(verb):
    counts = []
    for size in (1, 50):
        service = ServiceFactory(validity_amount=1, validity_unit="years")
        people = ProfileFactory.create_batch(size)
        if verb is subscriptions.unsubscribe_set:
            for one in people:
                subscribe(one, service)
        chosen = Profile.objects.filter(pk__in=[one.pk for one in people])
        with CaptureQueriesContext(connection) as captured:
            assert verb(chosen, service, source=Source.IMPORT) == size
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 12


def test_an_empty_set_changes_nothing():
    service = ServiceFactory()

    assert subscriptions.subscribe_set(Profile.objects.none(), service, source=Source.IMPORT) == 0
    assert subscriptions.unsubscribe_set(Profile.objects.none(), service, source=Source.IMPORT) == 0
    assert events() == []
