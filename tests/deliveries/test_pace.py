"""Waves, rates, limits of domains and the end of the validity, as the senders keep to them."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from deliveries import lifecycle, pacing, sending, stopping, waves
from deliveries.models import Batch, DomainLimit, DomainMinute, Message, PreparationLog
from profiles.models import Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def people(number, domain="example.org"):
    Profile.objects.bulk_create([Profile(email=f"person{n}@{domain}") for n in range(number)])


def levels(delivery):
    return [(line.level, line.text) for line in PreparationLog.objects.filter(delivery=delivery).exclude(level="information")]


def statuses():
    return list(Message.objects.order_by("profile_id").values_list("status", "outcome"))


@pytest.fixture
def started(make_delivery, prepare, confirm):
    def make(**fields):
        delivery = make_delivery(**fields)
        prepare(delivery)
        confirm(delivery)
        delivery.refresh_from_db()
        return delivery

    return make


@pytest.mark.parametrize(
    ("plan", "total", "sizes"),
    [
        ({"unit": "percent", "sizes": [25]}, 100, [25, 25, 25, 25]),
        ({"unit": "percent", "sizes": [5, 20]}, 100, [5, 20, 20, 20, 20, 15]),
        ({"unit": "percent", "sizes": [10, 90]}, 7, [1, 6]),
        ({"unit": "percent", "sizes": [30]}, 10, [3, 3, 3, 1]),
        ({"unit": "percent", "sizes": [1]}, 3, [1, 1, 1]),
        ({"unit": "number", "sizes": [4]}, 10, [4, 4, 2]),
        ({"unit": "number", "sizes": [1, 2, 30]}, 10, [1, 2, 7]),
        ({"unit": "number", "sizes": [50]}, 10, [10]),
        ({"unit": "number", "sizes": [5, 50]}, 5, [5]),
    ],
)
def test_everybody_is_in_one_wave_of_the_size_that_was_asked_for(make_delivery, prepare, settings, plan, total, sizes):
    settings.BATCH_MESSAGES = 3
    people(total)
    delivery = make_delivery(waves=plan | {"minutes": 60})
    prepare(delivery)

    found = {}
    for batch in Batch.objects.order_by("low"):
        found[batch.wave] = found.get(batch.wave, 0) + batch.total
        assert batch.total <= 3

    assert found == dict(enumerate(sizes))
    assert waves.number(plan, total) == len(sizes)


def test_each_wave_goes_out_at_its_time(started, send_all, smtp, time_passes):
    people(10)
    delivery = started(waves={"unit": "number", "sizes": [2, 5], "minutes": 90})
    begin = delivery.confirmed_at

    due = [(wave, round((due - begin).total_seconds() / 60)) for wave, due in Batch.objects.values_list("wave", "due_at")]
    sent = []
    for _wave in range(3):
        send_all()
        sent.append(len(smtp.recipients))
        time_passes(minutes=91)

    delivery.refresh_from_db()
    assert sorted(due) == [(0, 0), (1, 90), (2, 180)]
    assert (sent, delivery.status) == ([2, 7, 10], "finished")


def test_waves_of_a_scheduled_delivery_count_from_its_date(started, time_passes):
    people(4)
    delivery = started(waves={"unit": "percent", "sizes": [50], "minutes": 60}, contact_at=timezone.now() + timedelta(days=1))
    time_passes(days=1, minutes=1)

    lifecycle.begin(delivery)

    assert [round((batch.due_at - delivery.contact_at).total_seconds() / 60) for batch in Batch.objects.order_by("low")] == [
        1,
        61,
    ]


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        ({"waves": {"unit": "number", "sizes": [1], "minutes": 1}}, [("error", waves.TOO_MANY)]),
        ({"waves": {"unit": "percent", "sizes": [10], "minutes": 1440}}, [("error", waves.TOO_LATE)]),
        ({"waves": {"unit": "percent", "sizes": [50], "minutes": 1440}}, []),
        ({"rate": 4, "rate_unit": "hour"}, [("warning", pacing.TOO_SLOW)]),
        ({"rate": 10, "rate_unit": "minute"}, []),
    ],
)
def test_a_plan_that_leaves_people_out_is_told_at_the_preparation(make_delivery, prepare, settings, plan, fault):
    settings.SENDER_POSTAL_ADDRESS = "12 rue des Lilas, Paris"
    people(600)
    delivery = make_delivery(**plan)
    prepare(delivery)

    assert [line for line in levels(delivery) if line[1] in (waves.TOO_MANY, waves.TOO_LATE, pacing.TOO_SLOW)] == fault


@pytest.mark.parametrize(
    ("rate", "unit", "size"),
    [(600, "minute", 100), (5, "minute", 1), (7200, "hour", 20), (10, "hour", 1), (10**6, "minute", 500)],
)
def test_a_rate_cuts_small_batches(make_delivery, prepare, rate, unit, size):
    people(501)
    prepare(make_delivery(rate=rate, rate_unit=unit))

    assert max(Batch.objects.values_list("total", flat=True)) == size


def test_no_more_than_the_rate_leaves_and_a_late_worker_does_not_make_up_for_it(started, send_all, smtp, time_passes):
    people(60)
    started(rate=60, rate_unit="minute")
    sent = []

    for seconds in (0, 5, 6, 3600, 0):
        time_passes(seconds=seconds)
        send_all()
        sent.append(len(smtp.recipients))

    assert sent == [10, 10, 20, 30, 30]


def test_a_slow_delivery_keeps_no_other_one_waiting(started, send_all, smtp):
    people(30)
    started(rate=6, rate_unit="minute", label="Slow")
    send_all()
    started(label="Fast")

    send_all()

    assert len(smtp.recipients) == 1 + 30


@pytest.mark.django_db(transaction=True)
def test_several_workers_keep_to_the_rate_together(started):
    people(60)
    started(rate=60, rate_unit="minute")
    together, claimed = Barrier(4), []

    def claim():
        try:
            together.wait(10)
            claimed.append(sending.claim_batch("test"))
        finally:
            connection.close()

    threads = [Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(batch is not None for batch in claimed) == 1


@pytest.fixture
def at_the_start_of_a_minute(monkeypatch):
    """So that a test is not cut by the clock."""
    now = [timezone.now().replace(second=5, microsecond=0)]
    monkeypatch.setattr(timezone, "now", lambda: now[0])

    def pass_by(**duration):
        now[0] += timedelta(**duration)

    return pass_by


def test_a_limited_domain_gets_what_it_may_and_the_others_everything(started, send_all, smtp, at_the_start_of_a_minute):
    people(5, domain="slow.example")
    people(3, domain="fast.example")
    DomainLimit.objects.create(domain="slow.example", per_minute=2)
    delivery = started()
    sent = []

    for _minute in range(3):
        send_all()
        sent.append(sum(address.endswith("@slow.example") for address in smtp.recipients))
        at_the_start_of_a_minute(minutes=1)

    delivery.refresh_from_db()
    assert (sent, len(smtp.recipients), delivery.status) == ([2, 4, 5], 8, "finished")
    assert Batch.objects.get().rounds == 0
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [1] * 8


def test_waiting_for_a_domain_is_no_other_persons_retry(started, send_all, smtp, at_the_start_of_a_minute):
    people(3, domain="slow.example")
    greylisted = ProfileFactory()
    smtp.answers[greylisted.email] = "451 4.7.1 Greylisted"
    DomainLimit.objects.create(domain="slow.example", per_minute=1)
    started()

    for _minute in range(3):
        send_all()
        at_the_start_of_a_minute(minutes=1)

    assert Message.objects.get(profile=greylisted).attempts == 1
    assert Batch.objects.get().due_at > timezone.now() + timedelta(minutes=50)


def test_batches_that_wait_for_a_domain_queue(started, send_all, settings, smtp, at_the_start_of_a_minute):
    settings.BATCH_MESSAGES = 2
    people(8, domain="slow.example")
    DomainLimit.objects.create(domain="slow.example", per_minute=2)
    started()
    minute = timezone.now().replace(second=0)

    send_all()

    waiting = Batch.objects.filter(status="waiting").order_by("due_at").values_list("due_at", flat=True)
    assert [(due - minute) / timedelta(minutes=1) for due in waiting] == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_several_workers_share_the_tokens_of_a_domain(at_the_start_of_a_minute):
    DomainLimit.objects.create(domain="slow.example", per_minute=10)
    together, taken = Barrier(4), []

    def take():
        try:
            domains = pacing.Domains("email")
            together.wait(10)
            taken.extend(domains.take("marie@slow.example") for _ in range(6))
        finally:
            connection.close()

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(taken), sum(taken), DomainMinute.objects.get().taken) == (24, 10, 10)


def test_minutes_of_yesterday_are_forgotten(at_the_start_of_a_minute):
    DomainLimit.objects.create(domain="slow.example", per_minute=1)
    pacing.Domains("email").take("marie@slow.example")
    at_the_start_of_a_minute(hours=25)
    pacing.Domains("email").take("marie@slow.example")

    pacing.clean_up()

    assert DomainMinute.objects.count() == 1


def test_who_was_not_reached_within_the_validity_has_failed(started, send_all, smtp, time_passes):
    refused, reached, late = ProfileFactory(), ProfileFactory(), ProfileFactory()
    smtp.answers[refused.email] = "451 4.2.2 Mailbox full"
    delivery = started(validity_hours=2, waves={"unit": "number", "sizes": [2], "minutes": 60})
    send_all()
    time_passes(hours=1, minutes=59)
    early = stopping.close_expired()
    time_passes(minutes=2)

    closed = stopping.close_expired()
    sending.finish_done()

    delivery.refresh_from_db()
    assert (early, closed, delivery.status) == (0, 2, "finished")
    assert statuses() == [("failed", "validity_ended: 451 4.2.2 Mailbox full"), ("sent", ""), ("failed", "validity_ended")]
    labels = [message.reason_label for message in Message.objects.order_by("profile_id")]
    assert labels == ["Validity ended: 451 4.2.2 Mailbox full", "", "Validity ended"]
    assert Batch.objects.progress()["failed"] == 2
    assert smtp.recipients == [reached.email]
    assert late.email not in smtp.recipients


def test_the_validity_of_a_scheduled_delivery_counts_from_its_date(started, time_passes):
    ProfileFactory()
    delivery = started(contact_at=timezone.now() + timedelta(days=10))
    time_passes(days=10, minutes=1)
    lifecycle.begin(delivery)

    assert delivery.valid_until(delivery.confirmed_at) == delivery.contact_at + timedelta(days=5)
    assert stopping.close_expired() == 0
