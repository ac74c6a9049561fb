"""Confirmations and links to addresses that anybody may have typed: few, once, and none to whom must be left alone (X13)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import confirmations
from profiles import erased, notices, pending
from profiles.channels import Channel
from profiles.consent import NO_EVIDENCE
from profiles.models import Notice, NoticeKind, NoticeStatus, Profile, Source
from quarantine.models import QuarantinedAddress
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory, ServiceFactory
from tests.quarantine.test_counting_at_once import at_once

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=16)


def rows(profile, kinds=tuple(NoticeKind)):
    """One notice of each kind, as true as it can be, past every limit of asking."""
    page, letter = PublishedPageFactory(), ServiceFactory()
    for kind in kinds:
        change = None
        if kind in confirmations.CONFIRMATIONS:
            change = pending.PendingChange.objects.create(
                profile=profile, address=profile.email, fields={"city": "Lyon"}, source=Source.LANDING_PAGE,
                created_at=timezone.now(), expires_at=timezone.now() + timedelta(days=7),
            )  # fmt: skip
        notices.ask(
            kind,
            address=profile.email,
            profile=profile,
            pending_change=change,
            service=letter,
            page_id=page.pk,
            page_slug=page.slug,
        )


def an_hour_passes(delta=LATER):
    for one in Notice.objects.all():
        one.created_at, one.due_at = one.created_at - delta, one.due_at - delta
        one.tried_at = one.tried_at and one.tried_at - delta
        one.save()


def send_all_day(outbox):
    """How many were sent after each quarter of an hour of a day, whatever is asked meanwhile."""
    counts = []
    for _ in range(40):
        confirmations.send_due_notices()
        counts.append(len(outbox))
        an_hour_passes()
    return counts


def test_an_address_gets_one_in_a_quarter_of_an_hour_whatever_the_kinds(marie, outbox):
    rows(marie)

    for _ in range(10):
        confirmations.send_due_notices()

    assert len(outbox) == 1


def test_an_address_gets_five_a_day_whatever_the_kinds(marie, outbox):
    for _ in range(30):
        rows(marie)
        confirmations.send_due_notices()
        an_hour_passes(timedelta(minutes=30))

    assert len(outbox) == 5


def test_an_address_that_opted_out_gets_one_a_day_whatever_the_kinds(outbox):
    silent = ProfileFactory(opted_out=["email"])
    for _ in range(20):
        rows(silent)
        confirmations.send_due_notices()
        an_hour_passes(timedelta(minutes=30))

    assert len(outbox) == 1


@pytest.mark.parametrize("status", ["quarantine", "blocklist"])
@pytest.mark.parametrize("kind", NoticeKind)
def test_no_kind_goes_to_an_address_that_is_quarantined_or_complained(marie, outbox, kind, status):
    QuarantinedAddressFactory(address=marie.email, status=status)
    assert QuarantinedAddress.objects.excluding(Channel.EMAIL).filter(address=marie.email).exists()
    rows(marie, [kind])

    confirmations.send_due_notices()

    assert (len(outbox), Notice.objects.get().status) == (0, NoticeStatus.WITHHELD)


@pytest.mark.parametrize("kind", NoticeKind)
def test_no_kind_goes_to_an_address_that_was_erased(marie, outbox, kind):
    erased.remember(Channel.EMAIL, [marie.email])
    Profile.objects.filter(pk=marie.pk).update(email="other@example.org")
    rows(marie, [kind])
    assert Notice.objects.get().address == marie.email

    confirmations.send_due_notices()

    assert (len(outbox), Notice.objects.get().status) == (0, NoticeStatus.WITHHELD)


@pytest.mark.parametrize("kind", NoticeKind)
def test_no_kind_says_what_a_visitor_may_have_typed(outbox, kind):
    person = ProfileFactory(
        email="marie@example.org", first_name="EVIL-FIRST", last_name="EVIL-LAST", street="EVIL-STREET", preferred_language="en"
    )
    rows(person, [kind])

    confirmations.send_due_notices()

    assert b"EVIL" not in b"".join(mail.data for mail in outbox)


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_are_one_mail(outbox):
    marie = ProfileFactory(email="marie@example.org")

    def ask():
        pending.ask(
            Profile.objects.get(pk=marie.pk), address=marie.email, fields={"city": "Lyon"}, choices={},
            source=Source.LANDING_PAGE, evidence=NO_EVIDENCE,
        )  # fmt: skip

    assert at_once(*[ask] * 4, confirmations.send_due_notices) == []
    at_once(*[confirmations.send_due_notices] * 4)

    assert len(outbox) == 1


def test_a_notice_is_never_lost_only_withheld_with_a_reason(marie, outbox):
    rows(marie)

    send_all_day(outbox)

    ended = Notice.objects.exclude(status=NoticeStatus.WAITING)
    assert ended.count() == len(NoticeKind)
    assert [one.reason for one in ended.filter(status=NoticeStatus.WITHHELD) if not one.reason] == []
    assert len(outbox) == ended.filter(status=NoticeStatus.SENT).count()
