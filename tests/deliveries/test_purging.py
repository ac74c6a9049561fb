"""Which rows of preparations go once nothing shows them any more, and which stay."""

import signal

import pytest
from django.core.management import call_command
from django.urls import reverse

from deliveries import lifecycle, preparation, purging, shifts
from deliveries.models import Batch, Message, Preparation, Withheld
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def with_messages():
    """The numbers of the preparations that have messages."""
    kept = Preparation.objects.filter(pk__in=Message.objects.values("preparation"))
    return sorted(kept.values_list("number", flat=True))


def purge():
    return len(list(purging.purge()))


def given_up(delivery, how):
    """A preparation that was cut off behind its first range, and ends so."""
    preparation.start(delivery, by="Ana")
    running = preparation.claim("test")
    preparation._fix_target(running)
    preparation._write_range(running)
    if how == "cancelled":
        preparation.cancel(delivery, by="Ben")
    else:
        gone = {"field": "gone", "operator": "in", "value": 1}
        Preparation.objects.filter(pk=running.pk).update(audience=gone, lease_until=None, highest_id=None)
        preparation.run(preparation.claim("test"))
    return running


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_a_preparation_that_was_given_up_keeps_its_log_and_nobody(make_delivery, how):
    ProfileFactory.create_batch(3, email="same@example.org")
    delivery = make_delivery()
    running = given_up(delivery, how)
    lines = delivery.log.count()

    purge()

    running.refresh_from_db()
    assert (Withheld.objects.count(), Message.objects.count(), delivery.log.count()) == (0, 0, lines)
    assert (running.status, running.purged_at is None, purge()) == (how, False, 0)


def test_what_the_valid_preparation_is_compared_with_is_kept(backoffice, make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    for _ in range(4):
        current = prepare(delivery)
    ProfileFactory(last_name="Newcomer")
    current = prepare(delivery)
    page = reverse("deliveries:comparison", args=[delivery.pk]) + "?change=new"
    before = backoffice.get(page).content.decode()

    purge()

    assert with_messages() == [4, 5]
    assert "Newcomer" in before
    assert backoffice.get(page).context["lines"][0].profile.last_name == "Newcomer"
    assert list(Batch.objects.values_list("preparation__number", flat=True).order_by("preparation__number")) == [4, 5]
    assert (current.targeted, shifts.former(current).number) == (2, 4)


def test_what_the_next_preparation_will_be_compared_with_is_kept(make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    prepare(delivery)
    lifecycle.revise(delivery, {"subject": "Other"}, revision=delivery.revision, by="Ana")
    given_up(delivery, "cancelled")

    purge()
    kept = with_messages()
    current = prepare(delivery)

    assert (kept, shifts.former(current).number, sum(change.volume for change in shifts.changes(current))) == ([2], 2, 0)


def test_a_preparation_without_its_messages_is_compared_with_nothing(make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    lifecycle.revise(delivery, {"subject": "Other"}, revision=delivery.revision, by="Ana")
    Preparation.objects.update(purged_at=delivery.modified_at)

    current = prepare(delivery)

    assert (shifts.former(current), current.shifts.count()) == (None, 0)


def test_what_was_sent_is_kept(make_delivery, prepare, confirm, send_all, smtp):
    person = ProfileFactory()
    delivery = make_delivery()
    for _ in range(3):
        prepare(delivery)
    confirm(delivery)
    send_all()

    purge()

    assert with_messages() == [2, 3]
    assert list(Message.objects.filter(status="sent").values_list("address", flat=True)) == [person.email]


def test_a_purge_goes_range_by_range_and_on_where_it_was_cut_off(make_delivery, prepare, monkeypatch):
    monkeypatch.setattr(purging, "ROWS", 2)
    ProfileFactory.create_batch(5)
    given_up(make_delivery(), "cancelled")
    prepare(make_delivery())

    first = purging.purge()
    left = [next(first) and Message.objects.count() for _ in range(2)]
    purge()

    assert (left, with_messages(), Message.objects.count()) == ([8, 6], [1], 5)
    assert list(first) == [True]  # another worker was faster


@pytest.mark.django_db(transaction=True)
def test_the_worker_purges_every_day(make_delivery):
    ProfileFactory()
    given_up(make_delivery(), "cancelled")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    call_command("worker", "--until-idle")

    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert Message.objects.count() == 0
