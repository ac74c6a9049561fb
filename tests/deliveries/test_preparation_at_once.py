"""An import that is being written while a preparation starts; two operators who act at the same moment."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from deliveries import lifecycle, preparation
from deliveries.models import Delivery, Message, Preparation
from deliveries.statuses import InvalidTransition
from profiles import registering
from profiles.models import Profile
from tests.factories import ProfileFactory
from tests.quarantine.test_counting_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(act):
    def run():
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_people_of_an_import_under_way_are_compared_like_everybody_else(make_delivery):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: runs on PostgreSQL")
    written, may_commit = Event(), Event()

    def import_marie():
        with transaction.atomic():
            registering.take_turn()
            Profile.objects.create(email="marie@example.org", first_name="Imported")
            written.set()
            may_commit.wait(10)

    importing = in_a_thread(import_marie)
    written.wait(10)
    Profile.objects.create(email="marie@example.org", first_name="Added")
    preparation.start(make_delivery(), by="Ana")
    claimed = preparation.claim("test")
    preparing = in_a_thread(lambda: preparation.run(claimed))
    preparing.join(0.5)
    waits = preparing.is_alive()
    may_commit.set()
    importing.join()
    preparing.join()

    claimed.refresh_from_db()
    verdicts = {message.profile_id: message.exclusion for message in claimed.messages.all()}
    by_name = {profile.first_name: verdicts[profile.pk] for profile in Profile.objects.all()}
    assert (waits, claimed.status, by_name) == (True, "ready", {"Imported": "", "Added": "duplicate"})


def cancelled_while(delivery, act):
    """What comes of a cancel, as its operator sees it, during a transaction in which a worker does this."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: runs on PostgreSQL")
    done, may_commit, raised = Event(), Event(), []

    def work():
        with transaction.atomic():
            act()
            done.set()
            may_commit.wait(10)

    def cancel():
        try:
            preparation.cancel(delivery, by="Ana")
        except InvalidTransition as refusal:
            raised.append(str(refusal))

    working = in_a_thread(work)
    done.wait(10)
    cancelling = in_a_thread(cancel)
    cancelling.join(0.3)
    assert cancelling.is_alive()
    may_commit.set()
    working.join()
    cancelling.join()
    return raised


def test_a_preparation_is_cancelled_though_a_worker_claims_it_at_that_moment(make_delivery):
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")

    raised = cancelled_while(delivery, lambda: preparation.claim("test"))

    delivery.refresh_from_db()
    assert (raised, delivery.status, Preparation.objects.get().status) == ([], "editing", "cancelled")


def test_a_preparation_that_completes_at_that_moment_is_not_cancelled_and_says_so(make_delivery):
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    claimed = preparation.claim("test")

    raised = cancelled_while(delivery, lambda: preparation.run(claimed))

    delivery.refresh_from_db()
    assert (raised, delivery.status, Preparation.objects.get().status) == (["No preparation is running."], "ready", "ready")


def test_two_operators_who_prepare_at_once_start_one_preparation(make_delivery):
    delivery = make_delivery()
    both = [Delivery.objects.get(pk=delivery.pk) for _ in range(2)]

    raised = at_once(*[lambda one=one: preparation.start(one, by="Ana") for one in both])

    assert [type(error) for error in raised] == [InvalidTransition]
    assert Preparation.objects.count() == 1


def test_two_operators_who_confirm_at_once_mail_nobody_twice(
    make_delivery, prepare, send_all, outbox, settings, operator, django_user_model
):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    people = [ProfileFactory() for _ in range(5)]
    delivery = make_delivery()
    number = prepare(delivery).pk
    ben = django_user_model.objects.create_superuser("ben")
    acts = [(Delivery.objects.get(pk=delivery.pk), by) for by in (operator, ben)]

    raised = at_once(*[lambda one=one, by=by: lifecycle.confirm(one, preparation=number, by=by) for one, by in acts])
    send_all()

    assert [str(error) for error in raised] == ["This is not possible any more: the delivery is now “In progress”."]
    assert sorted(outgoing.address for outgoing in outbox) == sorted(person.email for person in people)
    assert set(Message.objects.values_list("status", "attempts")) == {("sent", 1)}
