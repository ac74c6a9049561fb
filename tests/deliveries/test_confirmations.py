"""Notices: mails that are no delivery (design decision 9, reliability X4, X9, X13)."""

import re
import threading
import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from deliveries import confirmations
from deliveries.confirmations import send_due_notices
from deliveries.management.commands.worker import Command as Worker
from deliveries.notice_mails import FIELD_WORDS, LIFTED_WORDS
from deliveries.transports import TransportUnavailable
from landingpages import editing, publishing, templates_builtin
from landingpages.blocks import FIELDS
from landingpages.models import LandingPage, Submission
from profiles import consent, erased, links, subscriptions
from profiles.channels import OPT_OUT_LABELS, Channel
from profiles.links import Purpose
from profiles.models import ConsentEvent, Notice, NoticeKind, PendingChange, Profile, Source, Subscription
from quarantine.models import QuarantinedAddress
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory

pytestmark = pytest.mark.django_db

ADDRESS = "marie@example.org"


@pytest.fixture(autouse=True)
def _public_url(settings):
    settings.PUBLIC_URL = "https://news.example.org"
    settings.SENDER_EMAIL = "news@example.org"
    settings.RETURN_PATH = "bounce@example.org"


@pytest.fixture
def marie(db):
    return ProfileFactory(email=ADDRESS, preferred_language="")


@pytest.fixture
def landing_page(db):
    page = templates_builtin.create_page("channels", label="Vos préférences", slug="vos-preferences", by="Ana")
    publishing.publish(page, by="Ana")
    return page


@pytest.fixture
def ask(marie):
    """A notice in the outbox, as old as told; by default one that asks Marie to confirm a change of her city."""

    def run(kind=NoticeKind.CONFIRM_CHANGE, *, minutes=0, fields=None, choices=None, **values):
        at = timezone.now() - timedelta(minutes=minutes)
        values = {"profile": marie, "address": ADDRESS, "created_at": at, "due_at": at} | values
        if kind in confirmations.CONFIRMATIONS:
            values["pending_change"] = PendingChange.objects.create(
                profile=values["profile"],
                address=values["address"],
                fields={"city": "Lyon"} if fields is None else fields,
                choices=choices or {},
                source=Source.LANDING_PAGE,
                created_at=at,
                expires_at=at + timedelta(days=7),
            )
        return Notice.objects.create(kind=kind, channel="email", **values)

    return run


@pytest.fixture
def sent(ask):
    """A notice to the address that left so many minutes ago."""

    def run(minutes, **values):
        at = timezone.now() - timedelta(minutes=minutes)
        notice = ask(NoticeKind.ADDRESS_CHANGED, minutes=minutes, **values)
        Notice.objects.filter(pk=notice.pk).update(status="sent", tried_at=at, ended_at=at)
        return notice

    return run


def outcomes():
    """Status and reason of the notices that did not leave before the test began."""
    return list(Notice.objects.exclude(kind="address_changed", status="sent").order_by("pk").values_list("status", "reason"))


def bodies(accepted):
    return [accepted.mail.get_body((kind,)).get_content() for kind in ("plain", "html")]


def link_in(body, start):
    begin = body.index(start) + len(start)
    return body[begin : begin + links.TOKEN_CHARACTERS]


def test_a_confirmation_arrives_once_and_says_what_would_change(ask, smtp):
    notice = ask(fields={"city": "<b>Lyon</b>", "mobile": "+33612345678"}, choices={"email": True, "sms": False})

    assert (send_due_notices(), send_due_notices()) == (1, 0)

    [accepted] = smtp.accepted
    assert (accepted.mail_from, accepted.to) == ("bounce@example.org", ADDRESS)
    assert accepted.mail["Subject"] == "Please confirm your change"
    for body in bodies(accepted):
        named = ["your mobile number", "your city", "No longer contact by email", "Contact again by SMS"]
        assert sorted(named, key=body.index) == named
        assert "Lyon" not in body
        assert "12345678" not in body
        link = links.read_token(link_in(body, "https://news.example.org/c/"), Purpose.CONFIRM)
        assert link.public_id == notice.pending_change.public_id
    notice.refresh_from_db()
    assert (notice.status, notice.reason, notice.ended_at >= notice.tried_at) == ("sent", "", True)


def test_the_headers_tell_machines_to_be_silent_and_offer_no_unsubscription(ask, smtp):
    notice = ask()

    send_due_notices()

    mail = smtp.accepted[0].mail
    assert sorted(mail.keys()) == [
        "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<notice.{notice.pk}.{notice.created_at.timestamp():.0f}@example.org>"


PAYLOADS = [
    "<script>alert(1)</script>",
    "{{ 'merged' | upcase }}",
    "x\r\nBcc: thief@example.net",
    "x\u2028Bcc: thief@example.net",
    "=?utf-8?q?x=0D=0ABcc:_thief=40example.net?=",
]


def wait_for(notice, page, data):
    """The registration that the notice confirms."""
    Submission.objects.create(
        page=page, version=page.version, data=data, language="en", status="pending", received_at=timezone.now(),
        processed_at=timezone.now(), confirmation_id=uuid.uuid4(),
    )  # fmt: skip
    Notice.objects.filter(pk=notice.pk).update(confirms=Submission.objects.get().confirmation_id)


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_a_visitor_typed_is_in_any_notice(ask, marie, landing_page, smtp, kind, payload):
    typed = dict.fromkeys(("first_name", "last_name", "city"), payload[:30])
    Profile.objects.filter(pk=marie.pk).update(**typed)
    service = ServiceFactory(subscribed_message="default", unsubscribed_message="default")
    if kind == NoticeKind.SUBSCRIBED:
        Subscription.objects.create(profile=marie, service=service)
    notice = ask(kind, fields=typed, page_id=landing_page.pk, page_slug=payload[:64], service=service)
    if kind == NoticeKind.CONFIRM_REGISTRATION:
        wait_for(notice, landing_page, typed)

    send_due_notices()

    [accepted] = smtp.accepted
    assert accepted.to == ADDRESS
    assert sorted(set(accepted.mail.keys()) & {"Bcc", "Cc"}) == []
    for text in [*bodies(accepted), accepted.mail["Subject"]]:
        assert [word for word in (payload[:30], "MERGED", "thief", "alert") if word in text] == []


def test_a_new_address_is_asked_at_the_new_address(ask, smtp):
    ask(NoticeKind.CONFIRM_ADDRESS, address="new@example.org", fields={"email": "new@example.org"})

    send_due_notices()

    [accepted] = smtp.accepted
    assert (accepted.to, accepted.mail["Subject"]) == ("new@example.org", "Please confirm your email address")
    assert all("https://news.example.org/c/" in body for body in bodies(accepted))
    assert all(ADDRESS not in body and "new@example.org" not in body for body in bodies(accepted))


def test_the_old_address_learns_that_it_was_replaced_and_by_whom_not(ask, marie, smtp):
    Profile.objects.filter(pk=marie.pk).update(email="new@example.org")
    ask(NoticeKind.ADDRESS_CHANGED)

    send_due_notices()

    [accepted] = smtp.accepted
    assert (accepted.to, accepted.mail["Subject"]) == (ADDRESS, "Your email address was changed")
    assert all("new@example.org" not in body for body in bodies(accepted))
    (path,) = set(re.findall(r"/d/([\w-]+)", bodies(accepted)[0]))
    assert links.read_token(path, Purpose.DISPUTE).public_id == marie.public_id


def test_a_fresh_link_opens_its_page_as_this_person(ask, marie, landing_page, smtp):
    ask(NoticeKind.FRESH_LINK, page_id=landing_page.pk, page_slug="an-old-slug")

    send_due_notices()

    [accepted] = smtp.accepted
    for body in bodies(accepted):
        link = links.read_token(link_in(body, "https://news.example.org/lp/vos-preferences/"), Purpose.PAGE)
        assert (link.public_id, link.page) == (marie.public_id, landing_page.pk)


@pytest.mark.parametrize(("language", "title"), [("en", "Your preferences"), ("fr", "Vos préférences")])
def test_a_fresh_link_names_the_page_as_visitors_read_it(ask, landing_page, smtp, language, title):
    LandingPage.objects.filter(pk=landing_page.pk).update(label="Ana’s second try")
    ask(NoticeKind.FRESH_LINK, page_id=landing_page.pk, language=language)

    send_due_notices()

    [accepted] = smtp.accepted
    for text in [accepted.mail["Subject"], *bodies(accepted)]:
        assert (title in text, "Ana" in text) == (True, False)


@pytest.mark.parametrize(
    ("asked_in", "preferred", "language"),
    [("fr", "en", "fr"), ("", "fr", "fr"), ("", "de", "en"), ("xx", "", "en"), ("en", "fr", "en")],
)
def test_the_language_is_that_of_the_page_else_of_the_person_else_of_the_installation(
    ask, marie, smtp, asked_in, preferred, language
):
    Profile.objects.filter(pk=marie.pk).update(preferred_language=preferred)
    ask(language=asked_in)

    send_due_notices()

    assert f'<html lang="{language}">' in bodies(smtp.accepted[0])[1]


def test_every_field_and_box_that_a_page_can_bind_has_words():
    boxes = [field.scope for field in FIELDS.values() if field.scope]

    written = [name for name, field in FIELDS.items() if not field.scope and name != "external_id"]
    assert sorted(written) == sorted(FIELD_WORDS)
    assert sorted(boxes) == sorted(LIFTED_WORDS) == sorted(OPT_OUT_LABELS)


# Limits of decision 9: minutes since each earlier notice to the address; is the next one sent, put off or withheld?
@pytest.mark.parametrize(
    ("earlier", "opted_out", "status", "minutes"),
    [
        ([], [], "sent", None),
        ([14], [], "waiting", 1),
        ([16], [], "sent", None),
        ([16, 100, 200, 300], [], "sent", None),
        ([16, 100, 200, 300, 400], [], "withheld", None),
        ([16, 100, 200, 300, 24 * 60 + 1], [], "sent", None),
        ([16, 100, 200, 300, 24 * 60 - 10], [], "waiting", 10),
        ([], ["email"], "sent", None),
        ([], ["all"], "sent", None),
        ([100], ["email"], "withheld", None),
        ([100], ["all"], "withheld", None),
        ([100], ["sms"], "sent", None),
        ([24 * 60 + 1], ["email"], "sent", None),
    ],
)
def test_an_address_gets_as_many_as_the_limits_allow(ask, sent, marie, smtp, earlier, opted_out, status, minutes):
    for minutes_ago in earlier:
        sent(minutes_ago)
    for scope in opted_out:
        Profile.objects.filter(pk=marie.pk).update(**{f"opted_out_{scope}": True})
    notice = ask()

    send_due_notices()

    notice.refresh_from_db()
    assert (notice.status, len(smtp.accepted)) == (status, int(status == "sent"))
    assert notice.reason == (confirmations.TOO_MANY if status == "withheld" else "")
    if minutes:
        assert abs(notice.due_at - timezone.now() - timedelta(minutes=minutes)) < timedelta(seconds=30)


def test_limits_are_those_of_the_address_whoever_it_is_about(ask, sent, smtp):
    sent(5)
    twin = ProfileFactory(email=ADDRESS)
    other = ProfileFactory(email="paul@example.org")
    ask(profile=twin)
    ask(profile=other, address="paul@example.org")

    send_due_notices()

    assert (smtp.recipients, outcomes()) == (["paul@example.org"], [("waiting", ""), ("sent", "")])


def test_what_was_withheld_uses_up_no_turn(ask, sent, smtp):
    Notice.objects.filter(pk=sent(5).pk).update(status="withheld")
    ask()

    send_due_notices()

    assert smtp.recipients == [ADDRESS]


def test_a_twin_who_opted_out_silences_the_address_for_the_day(ask, sent, smtp):
    ProfileFactory(email=ADDRESS, opted_out=["all"])
    sent(100)
    ask()

    send_due_notices()

    assert (smtp.recipients, outcomes()) == ([], [("withheld", confirmations.TOO_MANY)])


def test_a_notice_that_was_put_off_leaves_when_the_pause_is_over(ask, sent, smtp):
    former = sent(14)
    notice = ask()
    send_due_notices()
    before = smtp.recipients

    passed = timezone.now() - timedelta(minutes=16)
    Notice.objects.filter(pk=former.pk).update(tried_at=passed)
    Notice.objects.filter(pk=notice.pk).update(due_at=timezone.now())
    send_due_notices()

    assert (before, smtp.recipients) == ([], [ADDRESS])


def test_a_thousand_asked_at_once_are_one_mail(ask, marie, smtp):
    moment = timezone.now()
    Notice.objects.bulk_create(
        [Notice(kind="address_changed", channel="email", address=ADDRESS, profile=marie, created_at=moment) for _ in range(999)]
    )
    ask(NoticeKind.ADDRESS_CHANGED)

    while send_due_notices():
        pass

    assert smtp.recipients == [ADDRESS]
    assert [Notice.objects.filter(status=status).count() for status in ("sent", "withheld", "waiting")] == [1, 999, 0]
    assert Notice.objects.get(status="sent").pk == Notice.objects.latest("pk").pk


def test_notices_of_two_kinds_do_not_replace_each_other(ask, landing_page, smtp):
    ask()
    ask(NoticeKind.FRESH_LINK, page_id=landing_page.pk)

    while send_due_notices():
        pass

    assert (smtp.recipients, outcomes()) == ([ADDRESS], [("sent", ""), ("waiting", "")])


def test_who_lost_an_address_is_told_even_when_the_day_is_full(ask, sent, smtp):
    for minutes in (100, 200, 300, 400, 500):
        sent(minutes)
    notice = ask(NoticeKind.ADDRESS_CHANGED)

    send_due_notices()

    notice.refresh_from_db()
    assert (smtp.recipients, notice.status) == ([], "waiting")
    assert abs(notice.due_at - timezone.now() - timedelta(minutes=24 * 60 - 500)) < timedelta(seconds=30)


@pytest.mark.parametrize("status", ["quarantine", "blocklist"])
def test_a_quarantined_address_gets_nothing_and_no_connection_is_made(ask, smtp, status):
    QuarantinedAddressFactory(address=ADDRESS, status=status)
    ask()
    ask(profile=ProfileFactory(email="paul@example.org"), address="paul@example.org")

    send_due_notices()

    assert smtp.verbs == ["MAIL", "RCPT paul@example.org", "DATA"]
    assert outcomes() == [("withheld", confirmations.QUARANTINED), ("sent", "")]


def test_an_address_that_was_erased_while_it_was_silent_gets_nothing(ask, marie, smtp):
    """Decision 9; somebody else who has the address and refused nothing keeps her notices."""
    erased.remember(Channel.EMAIL, [ADDRESS, "twin@example.org"])
    consent.opt_out(marie, "email", source=Source.SYSTEM)
    ProfileFactory(email="twin@example.org", opted_out=["email"])
    ask()
    ask(profile=ProfileFactory(email="twin@example.org"), address="twin@example.org")

    send_due_notices()

    assert outcomes() == [("withheld", confirmations.ERASED), ("sent", "")]
    assert smtp.verbs == ["MAIL", "RCPT twin@example.org", "DATA"]


@pytest.mark.parametrize("status", ["erroneous", "valid", "allowlist", "unknown"])
def test_other_records_of_an_address_do_not_withhold(ask, smtp, status):
    counted = {"errors": 1, "significant_error_at": timezone.now()}
    QuarantinedAddressFactory(address=ADDRESS, status=status, **counted)
    ask()

    send_due_notices()

    assert smtp.recipients == [ADDRESS]


def _close(page):
    publishing.unpublish(page, by="Ana")


@pytest.mark.parametrize(
    ("kind", "happens", "reason"),
    [
        ("confirm_change", lambda m, p: QuarantinedAddressFactory(address=ADDRESS), confirmations.QUARANTINED),
        ("confirm_change", lambda m, p: Profile.objects.update(email="new@example.org"), confirmations.ADDRESS_CHANGED),
        ("confirm_change", lambda m, p: PendingChange.objects.update(applied_at=timezone.now()), confirmations.DONE_ALREADY),
        ("confirm_change", lambda m, p: PendingChange.objects.update(expires_at=timezone.now()), confirmations.DONE_ALREADY),
        ("confirm_address", lambda m, p: PendingChange.objects.update(applied_at=timezone.now()), confirmations.DONE_ALREADY),
        ("fresh_link", lambda m, p: Profile.objects.update(email=""), confirmations.ADDRESS_CHANGED),
        ("fresh_link", lambda m, p: _close(p), confirmations.PAGE_CLOSED),
        ("confirm_change", lambda m, p: m.delete(), None),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_happens_before_the_last_moment_still_counts(
    ask, marie, landing_page, smtp, monkeypatch, kind, happens, reason, late
):
    """`late`: between the answer to RCPT and DATA."""
    ask(kind, page_id=landing_page.pk)
    hold = confirmations._hold

    @contextmanager
    def too_late(notice):
        happens(marie, landing_page)
        with hold(notice) as refusal:
            yield refusal

    if late:
        monkeypatch.setattr(confirmations, "_hold", too_late)
    else:
        happens(marie, landing_page)
    send_due_notices()

    assert smtp.accepted == []
    assert smtp.verbs == (["MAIL", f"RCPT {ADDRESS}", "RSET"] if late else [])
    assert outcomes() == ([("withheld", reason)] if reason else [])


def test_a_dead_address_is_quarantined_and_not_tried_again(ask, smtp):
    smtp.answers[ADDRESS] = "550 5.1.1 User unknown"
    ask()

    send_due_notices()
    send_due_notices()

    assert outcomes() == [("withheld", "550 5.1.1 User unknown")]
    assert smtp.verbs == ["MAIL", f"RCPT {ADDRESS}", "RSET"]
    assert list(QuarantinedAddress.objects.values_list("address", "status")) == [(ADDRESS, "quarantine")]


def test_a_success_releases_an_erroneous_address(ask, smtp):
    QuarantinedAddressFactory(
        address=ADDRESS, status="erroneous", errors=2, significant_error_at=timezone.now() - timedelta(days=1)
    )
    ask()

    send_due_notices()

    assert list(QuarantinedAddress.objects.values_list("status", "errors")) == [("valid", 0)]


def test_a_deferred_notice_is_tried_again_after_the_pause_and_given_up_after_a_day(ask, smtp):
    smtp.answers[ADDRESS] = "451 4.7.1 greylisted"
    notice = ask()

    assert (send_due_notices(), send_due_notices()) == (1, 0)
    notice.refresh_from_db()
    assert (notice.status, notice.reason) == ("waiting", "451 4.7.1 greylisted")
    assert timedelta(minutes=14) < notice.due_at - timezone.now() < timedelta(minutes=16)

    del smtp.answers[ADDRESS]
    Notice.objects.update(due_at=timezone.now())
    send_due_notices()
    assert (smtp.recipients, outcomes()) == ([ADDRESS], [("sent", "")])

    late = ask(minutes=24 * 60 + 1)
    Notice.objects.exclude(pk=late.pk).delete()
    send_due_notices()
    assert (smtp.recipients, outcomes()) == ([ADDRESS], [("withheld", confirmations.TOO_LATE)])


def test_a_server_that_is_away_costs_no_notice_its_turn(ask, settings):
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 1}  # nobody listens there
    notice = ask()

    with pytest.raises(TransportUnavailable):
        send_due_notices()

    notice.refresh_from_db()
    assert (notice.status, notice.tried_at, notice.due_at <= timezone.now()) == ("waiting", None, True)


def test_an_answer_that_never_came_repeats_the_notice_with_its_message_id(ask, smtp):
    smtp.final[ADDRESS] = "drop"
    ask()
    send_due_notices()
    assert [status for status, _reason in outcomes()] == ["waiting"]

    del smtp.final[ADDRESS]
    Notice.objects.update(due_at=timezone.now())
    send_due_notices()

    first, second = smtp.accepted
    assert first.mail["Message-ID"] == second.mail["Message-ID"]
    assert outcomes() == [("sent", "")]


class Killed(BaseException):
    """What no code catches."""


def test_a_crash_before_the_commit_repeats_the_notice_with_its_message_id(ask, smtp, monkeypatch):
    ask()

    def dies(*arguments):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(confirmations, "_record", dies)
        with pytest.raises(Killed):
            send_due_notices()
    assert ([status for status, _reason in outcomes()], send_due_notices()) == (["waiting"], 0)

    Notice.objects.update(due_at=timezone.now())
    send_due_notices()

    first, second = smtp.accepted
    assert first.mail["Message-ID"] == second.mail["Message-ID"]
    assert outcomes() == [("sent", "")]


def test_a_try_that_may_have_arrived_counts_for_the_limits(ask, landing_page, smtp):
    smtp.final[ADDRESS] = "drop"
    ask()
    send_due_notices()
    del smtp.final[ADDRESS]

    ask(NoticeKind.FRESH_LINK, page_id=landing_page.pk)
    send_due_notices()

    assert len(smtp.accepted) == 1
    assert [status for status, _reason in outcomes()] == ["waiting", "waiting"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one(ask, landing_page, smtp):
    ask()
    ask(NoticeKind.FRESH_LINK, page_id=landing_page.pk)
    smtp.held_address = ADDRESS
    smtp.hold_rcpt.clear()

    def work():
        send_due_notices()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert smtp.holding.wait(10)
    smtp.hold_rcpt.set()
    for worker in workers:
        worker.join(20)

    assert smtp.recipients == [ADDRESS]
    assert sorted(status for status, _reason in outcomes()) == ["sent", "waiting"]


def test_the_worker_sends_notices(ask, smtp, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *arguments: None)
    ask()

    Worker().handle(until_idle=True)

    assert smtp.recipients == [ADDRESS]


def test_a_notice_that_cannot_be_written_holds_nobody_up(ask, smtp):
    broken = ask()
    Notice.objects.filter(pk=broken.pk).update(kind="carrier_pigeon")
    ask(profile=ProfileFactory(email="paul@example.org"), address="paul@example.org")

    with pytest.raises(ValueError, match="carrier_pigeon"):
        send_due_notices()
    send_due_notices()

    assert smtp.recipients == ["paul@example.org"]


# Subscriptions


@pytest.fixture
def letter():
    return ServiceFactory(
        label="Letter",
        public_label="The Thursday letter",
        subscribed_message="default",
        unsubscribed_message="default",
        validity_amount=10,
        validity_unit="days",
    )


def test_who_subscribed_is_told_until_when_and_how_to_leave(marie, letter, smtp):
    page = templates_builtin.create_page("unsubscription", label="Leave", slug="leave", by="Ana", service=letter)
    editing.change_page(page, {"is_default": True}, by="Ana")
    publishing.publish(page, by="Ana")
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR)

    assert send_due_notices() == 1

    [accepted] = smtp.accepted
    assert accepted.mail["Subject"] == "You are subscribed to “The Thursday letter”"
    for body in bodies(accepted):
        assert "The subscription ends by itself:" in body
        link = links.read_token(link_in(body, "https://news.example.org/lp/leave/"), Purpose.PAGE)
        assert (link.public_id, link.page) == (marie.public_id, page.pk)


def test_who_left_is_told(marie, letter, smtp):
    Subscription.objects.create(profile=marie, service=letter)
    subscriptions.unsubscribe(marie, letter, source=Source.OPERATOR)

    send_due_notices()

    [accepted] = smtp.accepted
    assert accepted.mail["Subject"] == "Your subscription to “The Thursday letter” has ended"
    assert all("https://" not in body for body in bodies(accepted))


@pytest.mark.parametrize(
    ("language", "subject"), [("en", "Welcome to The Thursday letter"), ("fr", "Bienvenue The Thursday letter")]
)
def test_a_custom_message_is_sent_as_it_was_written(marie, letter, smtp, language, subject):
    texts = {
        "en": {"subject": "Welcome to {service}", "text": "<b>Hello</b>\n\n{service}, {{ profile.email }}"},
        "fr": {"subject": "Bienvenue {service}", "text": "Bonjour {service}"},
    }
    letter.subscribed_message, letter.texts = "custom", {"subscribed": texts}
    letter.save()
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR, language=language)

    send_due_notices()

    [accepted] = smtp.accepted
    assert accepted.mail["Subject"] == subject
    plain, html = bodies(accepted)
    assert "The Thursday letter" in plain
    assert ("<b>Hello</b>" in plain, "<b>Hello</b>" in html) == (language == "en", False)
    assert (ADDRESS in plain, "Hello," in plain) == (False, False)


@pytest.mark.parametrize("kind", ["subscribed", "unsubscribed"])
def test_what_is_not_true_any_more_is_not_told(ask, marie, letter, smtp, kind):
    ask(kind, service=letter)
    if kind == "unsubscribed":
        Subscription.objects.create(profile=marie, service=letter)

    send_due_notices()

    assert (outcomes(), smtp.accepted) == ([("withheld", "It is not true any more.")], [])


def test_two_services_are_confirmed_one_after_the_other(marie, letter, smtp):
    other = ServiceFactory(subscribed_message="default")
    for service in (letter, other):
        subscriptions.subscribe(marie, service, source=Source.OPERATOR)

    for _ in range(3):
        send_due_notices()

    assert len(smtp.accepted) == 1
    waiting = Notice.objects.get(status="waiting")
    assert waiting.service == other
    assert waiting.due_at > timezone.now() + timedelta(minutes=10)


def test_a_quarantined_address_is_told_nothing(marie, letter, smtp):
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR)
    QuarantinedAddressFactory(address=ADDRESS)

    send_due_notices()

    assert ([status for status, _reason in outcomes()], smtp.accepted) == (["withheld"], [])


def test_the_worker_closes_what_expired(marie, letter, smtp):
    subscriptions.subscribe(marie, letter, source=Source.IMPORT)
    Notice.objects.all().delete()
    Subscription.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    call_command("worker", "--until-idle")

    assert Subscription.objects.count() == 0
    assert ConsentEvent.objects.latest("pk").detail == "expired"
