"""The former address says "that was not me": everything stops, nothing is loosened, and only an operator goes on."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deliveries import confirmations
from landingpages import reconciling
from landingpages.models import Submission, SubmissionStatus
from profiles import consent, disputing, merging, notices, pending
from profiles.consent import NO_EVIDENCE
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Notice, NoticeKind, NoticeStatus, PendingChange, Profile, Source
from tests.factories import ProfileFactory
from tests.landingpages.visitors import address, everything, link, stamped, stranger, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def marie():
    return ProfileFactory(email="new@example.org", preferred_language="en")


def url(profile, **values):
    return f"/d/{make_token(Purpose.DISPUTE, profile.public_id, **values)}"


def content(response):
    return response.content.decode()


def test_the_change_is_told_to_the_former_address_with_a_way_to_say_no(marie):
    change = pending.ask(
        marie, address="newer@example.org", fields={"email": "newer@example.org"}, choices={}, source=Source.LANDING_PAGE,
        evidence=NO_EVIDENCE,
    ).pending_change  # fmt: skip

    pending.apply(change, evidence=NO_EVIDENCE)

    told = Notice.objects.get(kind=NoticeKind.ADDRESS_CHANGED)
    assert (told.address, told.profile) == ("new@example.org", marie)


def test_looking_changes_nothing_and_shows_nothing_of_the_person(anonymous, marie):
    before = everything()

    answer = anonymous.get(url(marie))

    assert (answer.status_code, everything() == before) == (200, True)
    assert [text for text in (marie.email, marie.last_name, marie.mobile) if text in content(answer)] == []


def test_the_button_stops_everything_once(anonymous, marie):
    waiting = pending.ask(
        marie, address=marie.email, fields={"city": "Lyon"}, choices={}, source=Source.LANDING_PAGE, evidence=NO_EVIDENCE
    ).pending_change

    answers = [anonymous.post(url(marie)).status_code for _ in range(3)]

    event = ConsentEvent.objects.get()
    assert (answers, event.scope, event.after, event.source) == ([200] * 3, "all", True, "disputed")
    assert "stop everything" in event.wording
    assert pending.apply(waiting, evidence=NO_EVIDENCE) is False
    assert Profile.objects.get().city == ""


@pytest.mark.parametrize("boxes", [["all"], ["all", "email"]])
def test_who_had_opted_out_already_is_frozen_too(anonymous, marie, boxes):
    for scope in boxes:
        consent.opt_out(marie, scope, source=Source.LANDING_PAGE)

    anonymous.post(url(marie))

    assert disputing.is_frozen(Profile.objects.get()) is True


def test_a_frozen_profile_is_not_loosened_by_any_way_that_is_open_to_its_new_address(anonymous, online, marie):
    disputing.dispute(marie, evidence=NO_EVIDENCE)
    frozen = Profile.objects.values().get()
    young = link(online, marie, age=timedelta(seconds=-5))

    answer = anonymous.get(young)
    anonymous.post(young, typed(online, last_name="Evil", email="evil@example.org"))
    anonymous.post(young, {"fresh-link": "yes"})
    anonymous.post(address(online), stranger(online, last_name="Evil", email=marie.email))
    anonymous.post(address(online) + "fresh-link/", stamped(online) | {"address": marie.email})
    reconciling.process_received()

    assert "Until somebody of us has looked" in content(answer)
    assert Profile.objects.values().get() == frozen
    assert (Notice.objects.count(), PendingChange.objects.count()) == (0, 0)
    assert set(Submission.objects.values_list("status", flat=True)) == {SubmissionStatus.REFUSED}


def test_a_frozen_profile_can_still_be_tightened(anonymous, online, marie):
    disputing.dispute(marie, evidence=NO_EVIDENCE)

    anonymous.post(link(online, marie), {"stop": ["sms"]})

    assert Profile.objects.get().choices["sms"] is True


def test_a_link_that_was_asked_for_before_is_not_sent(online, marie):
    notices.ask(NoticeKind.FRESH_LINK, address=marie.email, profile=marie, page_id=online.pk, page_slug=online.slug)
    disputing.dispute(marie, evidence=NO_EVIDENCE)

    confirmations.send_due_notices()

    assert list(Notice.objects.values_list("status", "reason")) == [(NoticeStatus.WITHHELD, confirmations.FROZEN)]


def test_an_operator_goes_on(anonymous, online, marie, operator):
    disputing.dispute(marie, evidence=NO_EVIDENCE)

    consent.apply_choices(marie, {"all": False}, source=Source.OPERATOR, by=operator)

    assert disputing.is_frozen(Profile.objects.get()) is False
    assert "Until somebody" not in content(anonymous.get(link(online, marie)))


def test_a_merge_keeps_it_frozen(marie, operator):
    winner = ProfileFactory()
    disputing.dispute(marie, evidence=NO_EVIDENCE)

    marie.refresh_from_db()
    merging.merge(winner, marie, from_loser=set(), revisions=(winner.revision, marie.revision), by=operator)

    assert disputing.is_frozen(Profile.objects.get()) is True


def test_a_token_of_another_purpose_or_of_nobody_is_one_answer(anonymous, marie):
    good = make_token(Purpose.DISPUTE, marie.public_id)
    bad = [
        "x", good[:-1], good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        *(make_token(purpose, marie.public_id) for purpose in Purpose if purpose != Purpose.DISPUTE),
        make_token(Purpose.DISPUTE, marie.public_id, issued_at=timezone.now() - timedelta(days=401)),
        make_token(Purpose.DISPUTE, uuid.uuid4()),
    ]  # fmt: skip
    before = everything()

    assert {(answer.status_code, answer.content) for answer in (anonymous.post(f"/d/{one}") for one in bad)} == {
        (404, anonymous.post("/d/x").content)
    }
    assert everything() == before
