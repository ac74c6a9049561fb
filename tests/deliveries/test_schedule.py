"""Sent at a date: confirmed before it, or by whoever scheduled it; started once, by whichever worker looks first."""

import signal
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django.utils.translation import override

from deliveries import lifecycle, preparation, sending, starting
from deliveries.models import Batch, Delivery, Preparation, PreparationLog
from deliveries.statuses import InvalidTransition
from landingpages import publishing
from tests.factories import ProfileFactory, PublishedPageFactory

pytestmark = pytest.mark.django_db


def in_hours(hours):
    return timezone.now().replace(microsecond=0) + timedelta(hours=hours)


@pytest.fixture
def scheduled(make_delivery, prepare, confirm):
    """A delivery that is confirmed, and due in a day."""

    def make(**fields):
        delivery = make_delivery(contact_at=in_hours(24), **fields)
        prepare(delivery)
        confirm(delivery)
        return delivery

    return make


@pytest.fixture
def unattended(make_delivery, operator):
    """A delivery that Ana scheduled for tomorrow without a further confirmation."""

    def make(by=operator, **fields):
        delivery = make_delivery(**fields)
        changes = {"contact_at": in_hours(24), "confirmation_requested": False}
        lifecycle.revise(delivery, changes, revision=delivery.revision, by=by)
        return delivery

    return make


def lines(delivery):
    return [line.shown for line in PreparationLog.objects.filter(delivery=delivery)]


def state(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.confirmed_by and delivery.confirmed_by.username


def test_a_confirmed_delivery_waits_for_its_date_and_then_starts(scheduled, send_all, smtp, time_passes):
    person = ProfileFactory()
    delivery = scheduled()

    early = (starting.start_due(), state(delivery), delivery.state, sending.claim_batch("test"))
    time_passes(hours=25)
    started = (starting.start_due(), starting.start_due())
    send_all()

    assert early == (0, ("ready", "ana"), "Scheduled", None)
    assert (started, state(delivery), smtp.recipients) == ((1, 0), ("finished", "ana"), [person.email])


def test_a_date_that_has_passed_is_no_reason_to_wait(make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery(contact_at=in_hours(-1))
    prepare(delivery)
    confirm(delivery)

    assert state(delivery) == ("in_progress", "ana")


def test_a_scheduled_delivery_is_confirmed_once(scheduled, confirm):
    ProfileFactory()
    delivery = scheduled()

    with pytest.raises(InvalidTransition, match="Scheduled"):
        confirm(delivery)

    assert sum("Confirmed by" in line for line in lines(delivery)) == 1


def test_a_withdrawn_confirmation_sends_nothing(scheduled, operator, time_passes):
    ProfileFactory()
    delivery = scheduled()

    lifecycle.withdraw(delivery, by=operator)
    time_passes(hours=25)

    assert (starting.start_due(), state(delivery)) == (0, ("ready", None))
    with pytest.raises(InvalidTransition):
        lifecycle.withdraw(delivery, by=operator)


@pytest.mark.parametrize(("act", "status"), [("prepare", "ready"), ("revise", "editing")])
def test_preparing_or_changing_a_scheduled_delivery_asks_for_another_confirmation(
    scheduled, prepare, operator, time_passes, act, status
):
    ProfileFactory()
    delivery = scheduled()

    if act == "prepare":
        prepare(delivery)
    else:
        lifecycle.revise(delivery, {"subject": "Other"}, revision=delivery.revision, by=operator)
    time_passes(hours=25)

    assert (starting.start_due(), state(delivery)) == (0, (status, None))


def test_a_changed_date_is_told_to_whoever_confirms_what_was_prepared_for_another(make_delivery, prepare, operator):
    ProfileFactory()
    delivery = make_delivery()
    shown = prepare(delivery)
    lifecycle.revise(delivery, {"contact_at": in_hours(24)}, revision=delivery.revision, by="Ben")
    told = "The sending cannot be confirmed because the scheduled date has changed. Please restart the preparation."

    with pytest.raises(InvalidTransition, match=told):
        lifecycle.confirm(delivery, preparation=shown.pk, by=operator)

    assert (state(delivery), lines(delivery)[-1]) == (("editing", None), told)


def test_a_date_that_changed_behind_a_preparation_blocks_its_confirmation(make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    Delivery.objects.update(contact_at=in_hours(24))
    delivery.refresh_from_db()

    with pytest.raises(InvalidTransition, match="scheduled date has changed"):
        confirm(delivery)


def test_a_page_that_closes_before_the_date_keeps_the_delivery_from_starting(scheduled, time_passes):
    ProfileFactory()
    page = PublishedPageFactory()
    delivery = scheduled(preference_page=page, html="<a href='{{ preferences_url }}'>{{ unsubscribe_url }}</a>")
    publishing.unpublish(page, by="Ben")
    time_passes(hours=25)

    starting.start_due()

    assert state(delivery) == ("ready", None)
    assert lines(delivery)[-1].startswith("Not sent at its date, and waiting for a confirmation now: The preference page")
    assert starting.start_due() == 0


def test_an_unattended_delivery_is_prepared_ahead_and_sent_at_its_date(unattended, send_all, smtp, time_passes):
    person = ProfileFactory()
    delivery = unattended()
    early = starting.prepare_due()

    time_passes(hours=23, minutes=5)
    asked = (starting.prepare_due(), starting.prepare_due())
    preparation.run(preparation.claim("test"))
    before = (starting.start_due(), state(delivery))
    time_passes(hours=1)
    started = (starting.start_due(), starting.start_due())
    send_all()

    assert (early, asked, before, started) == (0, (1, 0), (0, ("ready", None)), (1, 0))
    assert (smtp.recipients, state(delivery)) == ([person.email], ("finished", "ana"))


def test_an_unattended_delivery_with_errors_is_not_sent_and_asks_for_a_person(unattended, time_passes):
    ProfileFactory()
    delivery = unattended(subject="")
    time_passes(hours=24, minutes=1)
    starting.prepare_due()
    preparation.run(preparation.claim("test"))

    tried = (starting.start_due(), starting.start_due())

    assert (tried, state(delivery), delivery.confirmation_requested) == ((1, 0), ("ready", None), True)
    assert "The subject is empty." in lines(delivery)[-1]
    with override("fr"):
        assert "L’objet est vide." in lines(delivery)[-1]


def test_a_preparation_that_failed_is_not_asked_for_again_and_again(unattended, time_passes):
    delivery = unattended(audience={"field": "audience", "operator": "in", "value": 99})
    Delivery.objects.update(audience={"field": "nothing", "operator": "in", "value": 1})
    time_passes(hours=23, minutes=5)
    starting.prepare_due()
    preparation.run(preparation.claim("test"))

    assert (state(delivery), starting.prepare_due(), starting.start_due()) == (("editing", None), 0, 0)
    time_passes(hours=1)
    assert (starting.start_due(), starting.start_due()) == (1, 0)
    assert lines(delivery)[-1] == "Not sent at its date, and waiting for a confirmation now: It is not prepared."
    with override("fr"):
        assert lines(delivery)[-1].endswith("Elle n’est pas préparée.")


def test_a_look_that_an_operator_takes_does_not_replace_the_preparation_ahead(unattended, prepare, send_all, smtp, time_passes):
    early = ProfileFactory()
    delivery = unattended()
    prepare(delivery)
    late = ProfileFactory()

    time_passes(hours=25)
    started = starting.start_due()  # of a worker that comes here before any has prepared it
    asked = starting.prepare_due()
    preparation.run(preparation.claim("test"))
    started_then = starting.start_due()
    send_all()

    assert (started, asked, started_then, sorted(smtp.recipients)) == (0, 1, 1, sorted([early.email, late.email]))


@pytest.mark.parametrize("end", ["fails", "is cancelled"])
def test_a_preparation_by_hand_that_comes_to_nothing_leaves_the_one_ahead(unattended, smtp, send_all, time_passes, end):
    person = ProfileFactory()
    delivery = unattended()
    preparation.start(delivery, by="Ben")
    if end == "fails":
        Preparation.objects.update(audience={"field": "nothing", "operator": "in", "value": 1})
        preparation.run(preparation.claim("test"))
    else:
        preparation.cancel(delivery, by="Ben")

    time_passes(hours=25)
    asked = starting.prepare_due()
    preparation.run(preparation.claim("test"))
    starting.start_due()
    send_all()

    assert (asked, smtp.recipients) == (1, [person.email])


@pytest.mark.parametrize("end", ["fails", "is cancelled"])
def test_nothing_older_is_sent_where_the_preparation_ahead_comes_to_nothing(unattended, prepare, time_passes, end):
    ProfileFactory()
    delivery = unattended()
    prepare(delivery)
    time_passes(hours=23, minutes=5)
    starting.prepare_due()
    if end == "fails":
        Preparation.objects.filter(status="running").update(audience={"field": "nothing", "operator": "in", "value": 1})
        preparation.run(preparation.claim("test"))
    else:
        preparation.cancel(delivery, by="Ben")

    time_passes(hours=1)
    tried = (starting.start_due(), starting.start_due())

    assert (tried, state(delivery), delivery.confirmation_requested) == ((1, 0), ("ready", None), True)
    assert lines(delivery)[-1].endswith("waiting for a confirmation now: Its last preparation failed or was cancelled.")


def test_what_an_operator_confirmed_is_sent_and_not_prepared_again(unattended, prepare, confirm, smtp, send_all, time_passes):
    person = ProfileFactory()
    delivery = unattended()
    prepare(delivery)
    confirm(delivery)
    ProfileFactory()

    time_passes(hours=25)
    asked, started = starting.prepare_due(), starting.start_due()
    send_all()

    assert (asked, started, smtp.recipients) == (0, 1, [person.email])


def loses_the_right(operator):
    operator.is_superuser = False
    operator.save()


def leaves(operator):
    operator.is_active = False
    operator.save()


@pytest.mark.parametrize("happens", [loses_the_right, leaves])
def test_who_may_not_confirm_any_more_stands_for_nothing(unattended, operator, time_passes, happens):
    ProfileFactory()
    delivery = unattended()
    happens(operator)
    time_passes(hours=24, minutes=1)
    starting.prepare_due()
    preparation.run(preparation.claim("test"))

    starting.start_due()

    assert (state(delivery), delivery.confirmation_requested) == (("ready", None), True)
    assert "may not confirm deliveries any more" in lines(delivery)[-1]


def test_a_change_by_somebody_who_may_not_confirm_asks_for_a_confirmation(unattended):
    ben = User.objects.create_user("ben", is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename__in=["change_delivery", "prepare_delivery"]))
    delivery = unattended()

    lifecycle.revise(delivery, {"subject": "Ben's own"}, revision=delivery.revision, by=ben)

    assert (delivery.confirmation_requested, delivery.scheduled_by, delivery.prepares_at) == (True, None, None)
    assert unattended(by=ben).confirmation_requested is True


def test_whoever_changed_it_last_stands_for_an_unattended_delivery(unattended):
    cleo = User.objects.create_superuser("cleo")
    delivery = unattended()

    lifecycle.revise(delivery, {"subject": "Cléo's own"}, revision=delivery.revision, by=cleo)

    assert (delivery.confirmation_requested, delivery.scheduled_by) == (False, cleo)


def test_an_unattended_delivery_can_be_held_back_by_a_button(unattended, prepare, operator, time_passes):
    ProfileFactory()
    delivery = unattended()
    prepare(delivery)

    lifecycle.withdraw(delivery, by=operator)
    time_passes(hours=25)

    assert (starting.start_due(), state(delivery)) == (0, ("ready", None))


@pytest.mark.parametrize("end", ["withdrawn", "not sent at its date"])
def test_a_form_that_was_shown_before_does_not_schedule_it_again(unattended, prepare, operator, time_passes, end):
    delivery = unattended()
    prepare(delivery)
    shown = delivery.revision
    if end == "withdrawn":
        lifecycle.withdraw(delivery, by=operator)
    else:
        time_passes(hours=23, minutes=5)
        starting.prepare_due()
        preparation.run(preparation.claim("test"))
        time_passes(hours=1)
        starting.start_due()  # there is nobody to deliver to

    changes = {"contact_at": in_hours(72), "confirmation_requested": False}
    with pytest.raises(InvalidTransition, match="Somebody else changed this delivery"):
        lifecycle.revise(delivery, changes, revision=shown, by=operator)

    assert (state(delivery), delivery.confirmation_requested) == (("ready", None), True)


def in_threads(act, number):
    together, answers = Barrier(number), []

    def run():
        try:
            together.wait(10)
            answers.append(act())
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_several_workers_start_a_scheduled_delivery_once(scheduled, time_passes):
    ProfileFactory()
    delivery = scheduled()
    time_passes(hours=25)

    answers = in_threads(starting.start_due, 4)

    assert (sum(answers), state(delivery)) == (1, ("in_progress", "ana"))
    assert lines(delivery).count("The contact date has come: sending starts.") == 1
    assert Batch.objects.get().due_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_several_workers_prepare_and_start_an_unattended_delivery_once(unattended, time_passes):
    ProfileFactory()
    delivery = unattended()
    time_passes(hours=25)

    prepared = in_threads(starting.prepare_due, 4)
    preparation.run(preparation.claim("test"))
    started = in_threads(starting.start_due, 4)

    assert (sum(prepared), Preparation.objects.count(), sum(started)) == (1, 1, 1)
    assert (state(delivery), sum("Confirmed by" in line for line in lines(delivery))) == (("in_progress", "ana"), 1)


@pytest.mark.django_db(transaction=True)
def test_the_worker_follows_the_schedules(scheduled, unattended, smtp, time_passes):
    ProfileFactory()
    waiting, by_itself = scheduled(), unattended()
    time_passes(hours=25)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    call_command("worker", "--until-idle")  # it ends when the preparation is there …
    call_command("worker", "--until-idle")  # … and this one finds it due

    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert (state(waiting), state(by_itself), len(smtp.recipients)) == (("finished", "ana"), ("finished", "ana"), 2)
