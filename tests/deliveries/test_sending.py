import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from deliveries import lifecycle, returnpath, sending, stopping
from deliveries.models import Batch, Delivery, Message
from deliveries.transports import TransportUnavailable, email
from profiles import consent, subscriptions
from profiles.models import ConsentEvent, Profile, Source
from quarantine.models import QuarantinedAddress
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory

pytestmark = pytest.mark.django_db


def outcomes():
    return list(Message.objects.order_by("profile_id").values_list("address", "status", "outcome"))


def progress(delivery):
    counted = Batch.objects.filter(preparation=delivery.preparation_id).progress()
    return {name: number for name, number in counted.items() if number and name != "done"}


def test_exactly_those_to_deliver_get_the_mail(make_delivery, prepare, confirm, send_all, smtp):
    ProfileFactory(email="marie@example.org", first_name="Marie")
    ProfileFactory(email="out@example.org", opted_out=["email"])
    ProfileFactory(email="paul@example.org")
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()

    delivery.refresh_from_db()
    assert smtp.recipients == ["marie@example.org", "paul@example.org"]
    assert outcomes() == [
        ("marie@example.org", "sent", ""),
        ("out@example.org", "ignored", ""),
        ("paul@example.org", "sent", ""),
    ]
    assert (delivery.status, progress(delivery)) == ("finished", {"total": 2, "sent": 2})
    assert Message.objects.filter(status="sent", provider_id="OK: queued as 4bQ7", attempts=1).count() == 2


def test_nothing_is_sent_before_the_confirmation(make_delivery, prepare, send_all, smtp):
    ProfileFactory()
    prepare(make_delivery())

    send_all()

    assert (smtp.verbs, outcomes()[0][1]) == ([], "pending")


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda p: consent.opt_out(p, "email", source=Source.ONE_CLICK), "blocklist"),
        (lambda p: consent.opt_out(p, "all", source=Source.OPERATOR), "blocklist"),
        (lambda p: QuarantinedAddressFactory(address=p.email), "quarantine"),
        (lambda p: Profile.objects.filter(pk=p.pk).update(email="new@example.org"), "address_changed"),
        (lambda p: Profile.objects.filter(pk=p.pk).update(email=""), "address_changed"),
        (lambda p: p.delete(), "profile_gone"),
    ],
)
def test_what_happens_after_the_confirmation_still_counts(make_delivery, prepare, confirm, send_all, smtp, happens, reason):
    gone, stays = ProfileFactory(), ProfileFactory()
    delivery = make_delivery()
    prepared = prepare(delivery)
    confirm(delivery)

    happens(Profile.objects.get(pk=gone.pk))
    send_all()

    assert smtp.recipients == [stays.email]
    assert [(status, outcome) for _address, status, outcome in outcomes()] == [("excluded_late", reason), ("sent", "")]
    prepared.refresh_from_db()
    assert (prepared.to_deliver, prepared.excluded) == (2, 0)
    assert progress(delivery) == {"total": 2, "sent": 1, "excluded_late": 1}


def test_who_left_the_service_meanwhile_is_not_sent_its_mail(make_delivery, prepare, confirm, send_all, smtp):
    gone, stays, service = ProfileFactory(), ProfileFactory(), ServiceFactory()
    for profile in (gone, stays):
        subscriptions.subscribe(profile, service, source=Source.OPERATOR, by="Ana")
    delivery = make_delivery(service=service)
    prepare(delivery)
    confirm(delivery)

    subscriptions.unsubscribe(gone, service, source=Source.ONE_CLICK)
    send_all()

    assert smtp.recipients == [stays.email]
    assert [(status, outcome) for _address, status, outcome in outcomes()] == [("excluded_late", "unsubscribed"), ("sent", "")]


def test_a_subscription_whose_time_is_over_is_none_even_before_it_is_closed(make_delivery, prepare, confirm, send_all, smtp):
    over, stays, service = ProfileFactory(), ProfileFactory(), ServiceFactory()
    for profile in (over, stays):
        subscriptions.subscribe(profile, service, source=Source.OPERATOR, by="Ana")
    delivery = make_delivery(service=service)
    prepare(delivery)
    confirm(delivery)

    over.subscriptions.update(expires_at=timezone.now())
    stays.subscriptions.update(expires_at=timezone.now() + timedelta(hours=1))
    send_all()

    assert smtp.recipients == [stays.email]
    assert [(status, outcome) for _address, status, outcome in outcomes()] == [("excluded_late", "unsubscribed"), ("sent", "")]


def test_opting_out_of_sms_does_not_stop_an_email(make_delivery, prepare, confirm, send_all, smtp):
    profile = ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    consent.opt_out(profile, "sms", source=Source.OPERATOR)
    send_all()

    assert smtp.recipients == [profile.email]


def test_a_dead_address_fails_and_is_quarantined_at_once(make_delivery, prepare, confirm, send_all, smtp):
    dead, alive = ProfileFactory(), ProfileFactory()
    smtp.answers[dead.email] = "550 5.1.1 User unknown"
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()

    assert smtp.recipients == [alive.email]
    assert outcomes() == [(dead.email, "failed", "550 5.1.1 User unknown"), (alive.email, "sent", "")]
    assert list(QuarantinedAddress.objects.values_list("address", "status", "reason")) == [
        (dead.email, "quarantine", "user_unknown")
    ]
    assert prepare(make_delivery()).excluded == 1


def test_a_policy_refusal_quarantines_nobody(make_delivery, prepare, confirm, send_all, smtp):
    refused = ProfileFactory()
    smtp.final[refused.email] = "550 5.7.1 Message rejected by policy"
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()

    assert outcomes() == [(refused.email, "failed", "550 5.7.1 Message rejected by policy")]
    assert QuarantinedAddress.objects.count() == 0


def test_a_temporary_refusal_is_tried_again_later(make_delivery, prepare, confirm, send_all, smtp):
    profile = ProfileFactory()
    smtp.answers[profile.email] = "451 4.7.1 Greylisted, come back later"
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()
    first = outcomes()
    assert Batch.objects.get().due_at > timezone.now()
    smtp.answers.clear()
    Batch.objects.update(due_at=timezone.now())
    send_all()

    assert first == [(profile.email, "pending", "451 4.7.1 Greylisted, come back later")]
    assert (outcomes(), smtp.recipients) == ([(profile.email, "sent", "")], [profile.email])
    assert Message.objects.get().attempts == 2


def test_a_message_not_handed_over_before_its_validity_ends_fails(make_delivery, prepare, confirm, send_all, smtp, settings):
    profile = ProfileFactory()
    smtp.answers[profile.email] = "451 4.2.0 Try later"
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    settings.VALIDITY_DAYS = 0

    send_all()

    delivery.refresh_from_db()
    assert (outcomes(), delivery.status) == ([(profile.email, "failed", "451 4.2.0 Try later")], "finished")


def test_a_connection_lost_after_the_dot_repeats_the_mail_with_its_message_id(make_delivery, prepare, confirm, send_all, smtp):
    profile = ProfileFactory()
    smtp.final[profile.email] = "drop"
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    send_all()
    smtp.final.clear()
    Batch.objects.update(due_at=timezone.now())
    send_all()

    assert smtp.recipients == [profile.email, profile.email]
    assert len({one.mail["Message-ID"] for one in smtp.accepted}) == 1
    assert outcomes()[0][1] == "sent"


def test_a_refused_sender_pauses_the_delivery_and_harms_nobody(make_delivery, prepare, confirm, send_all, smtp):
    profile = ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    smtp.answers[returnpath.make(delivery.preparation_id, profile.pk)] = "550 5.7.1 You may not send"

    send_all()

    delivery.refresh_from_db()
    assert (delivery.status, outcomes()[0][1], QuarantinedAddress.objects.count()) == ("paused", "pending", 0)
    assert "550" in delivery.log.last().shown


def test_what_was_accepted_before_the_server_refused_us_is_not_sent_again(
    make_delivery, prepare, confirm, send_all, smtp, operator
):
    first, second = ProfileFactory(), ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    smtp.answers[returnpath.make(delivery.preparation_id, second.pk)] = "550 5.7.1 You may not send"
    send_all()
    assert [status for _address, status, _outcome in outcomes()] == ["sent", "pending"]
    assert progress(delivery)["sent"] == 1

    smtp.answers.clear()
    delivery.refresh_from_db()
    lifecycle.resume(delivery, by=operator)
    send_all()

    assert [one.to for one in smtp.accepted] == [first.email, second.email]


def test_a_server_that_is_away_leaves_everybody_pending(make_delivery, prepare, confirm, settings):
    ProfileFactory()
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 9}
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    batch = sending.claim_batch("test")

    with pytest.raises(TransportUnavailable), email.SmtpSession() as session:
        sending.BatchSender(batch, session).run()

    delivery.refresh_from_db()
    assert (delivery.status, Batch.objects.get().status, outcomes()[0][1]) == ("in_progress", "waiting", "pending")


def test_pause_stops_before_the_next_message_and_resume_goes_on(make_delivery, prepare, confirm, send_all, smtp, operator):
    people = [ProfileFactory() for _ in range(3)]
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    lifecycle.pause(delivery, by=operator)
    batch = Batch.objects.get()
    Batch.objects.update(status="claimed", worker="test", lease_until=timezone.now() + timezone.timedelta(hours=1))
    batch.worker = "test"
    with email.SmtpSession() as session:
        sending.BatchSender(batch, session).run()
    assert (smtp.recipients, Batch.objects.get().status) == ([], "waiting")

    lifecycle.resume(delivery, by=operator)
    send_all()

    assert smtp.recipients == sorted(person.email for person in people)


def test_a_stopped_delivery_is_never_sent(make_delivery, prepare, confirm, send_all, smtp, operator):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    lifecycle.stop(delivery, by=operator)
    send_all()

    delivery.refresh_from_db()
    assert (smtp.recipients, delivery.status, outcomes()[0][1]) == ([], "stopped", "pending")


def test_nobody_stays_pending_in_a_stopped_delivery(make_delivery, prepare, confirm, smtp, operator, settings):
    settings.BATCH_MESSAGES = 1
    people = [ProfileFactory() for _ in range(4)]
    other, stopped = make_delivery(), make_delivery()
    for delivery in (other, stopped):
        prepare(delivery)
        confirm(delivery)
    first, held, silent, _waiting = Batch.objects.filter(preparation=stopped.preparation).order_by("low")
    Batch.objects.exclude(pk=first.pk).update(due_at=timezone.now() + timezone.timedelta(hours=1))
    with email.SmtpSession() as session:
        sending.BatchSender(sending.claim_batch("test"), session).run()
    for batch, hours in ((held, 1), (silent, -1)):
        until = timezone.now() + timezone.timedelta(hours=hours)
        Batch.objects.filter(pk=batch.pk).update(status="claimed", worker="other", lease_until=until)

    lifecycle.stop(stopped, by=operator)
    numbers = [stopping.close_stopped(), stopping.close_stopped()]

    rows = Message.objects.filter(preparation=stopped.preparation).order_by("profile_id")
    assert [(row.status, str(row.reason_label), row.ended_at is not None) for row in rows] == [
        ("sent", "", True),
        ("pending", "", False),
        ("excluded_late", "Delivery stopped", True),
        ("excluded_late", "Delivery stopped", True),
    ]
    progress = Batch.objects.filter(preparation=stopped.preparation).progress()
    assert (progress["sent"], progress["excluded_late"], progress["waiting"]) == (1, 2, 1)
    assert (numbers, smtp.recipients) == ([2, 0], [people[0].email])
    assert set(Message.objects.filter(preparation=other.preparation).values_list("status", flat=True)) == {"pending"}


def test_a_batch_taken_by_another_worker_sends_nothing_more(make_delivery, prepare, confirm, smtp):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    slow = sending.claim_batch("slow")
    Batch.objects.update(worker="fast")

    with email.SmtpSession() as session:
        sending.BatchSender(slow, session).run()

    assert (smtp.recipients, Batch.objects.get().worker) == ([], "fast")


def test_a_lease_that_might_end_during_the_transfer_is_not_used(make_delivery, prepare, confirm, smtp, settings):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    batch = sending.claim_batch("test")
    settings.HANDOVER_SECONDS = settings.LEASE_SECONDS + 60

    with email.SmtpSession() as session:
        sending.BatchSender(batch, session).run()

    assert (smtp.recipients, Batch.objects.get().status) == ([], "waiting")


def test_one_person_whose_message_cannot_be_made_fails_alone(make_delivery, prepare, confirm, send_all, smtp):
    poison, other = ProfileFactory(first_name="x"), ProfileFactory(first_name="1")
    source = "{% if profile.first_name == 'x' %}{{ 1 | divided_by: 0 }}{% endif %} {{ unsubscribe_url }}"
    delivery = make_delivery(html=source, text="Hello {{ unsubscribe_url }}")
    prepare(delivery)
    confirm(delivery)

    send_all()

    assert smtp.recipients == [other.email]
    (_, failed, reason), (_, sent, _nothing) = outcomes()
    assert (failed, sent) == ("failed", "sent")
    assert "divided_by" in reason
    assert poison.email not in reason


def test_sms_goes_the_same_way(make_delivery, prepare, confirm, send_all, outbox, settings):
    settings.TRANSPORTS = {"sms": "deliveries.transports.memory.MemorySession"}
    ProfileFactory(mobile="+33612345678", first_name="Marie")
    ProfileFactory(mobile="+33612345679", opted_out=["sms"])
    ProfileFactory(mobile="")
    late = ProfileFactory(mobile="+33612345670")
    delivery = make_delivery(channel="sms", text="Hello {{ profile.first_name }}", html="", subject="")
    prepared = prepare(delivery)
    confirm(delivery)
    consent.opt_out(late, "sms", source=Source.KEYWORD)

    send_all()

    assert [(one.address, one.data) for one in outbox] == [("+33612345678", b"Hello Marie")]
    assert (prepared.targeted, prepared.to_deliver) == (4, 2)
    assert [status for _address, status, _ in outcomes()] == ["sent", "ignored", "ignored", "excluded_late"]


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_while_the_server_holds_its_answer_to_rcpt_stops_the_message(make_delivery, prepare, confirm, send_all, smtp):
    """Reliability C5: no DATA after the opt-out was acknowledged."""
    held, other = ProfileFactory(), ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    smtp.held_address = held.email
    smtp.hold_rcpt.clear()

    def work():
        try:
            send_all()
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert smtp.holding.wait(10)
    consent.opt_out(held, "email", source=Source.ONE_CLICK)
    smtp.hold_rcpt.set()
    worker.join(20)

    assert smtp.recipients == [other.email]
    assert smtp.verbs.count("DATA") == 1
    assert [status for _address, status, _ in outcomes()] == ["excluded_late", "sent"]
    assert ConsentEvent.objects.count() == 1


def test_two_deliveries_in_progress_are_both_finished(make_delivery, prepare, confirm, send_all, smtp):
    ProfileFactory()
    for label in ("one", "two"):
        delivery = make_delivery(label=label)
        prepare(delivery)
        confirm(delivery)

    send_all()

    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["finished", "finished"]
    assert len(smtp.accepted) == 2
