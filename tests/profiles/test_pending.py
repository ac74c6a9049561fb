"""Changes that wait for a proof: applied once, by POST, within 7 days, and never against a later choice."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from profiles import consent, ledger, notices, pending
from profiles.consent import Evidence
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Notice, NoticeKind, PendingChange, Profile, Source
from profiles.pending import State
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db
SHOWN = Evidence(page_version_id=4, page_label="Vos préférences (version 4)", ip="192.0.2.0", request_id="first")
CONFIRMED = Evidence(request_id="second", ip="198.51.100.0")


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def profile():
    return ProfileFactory(last_name="Dupont", email="marie@example.org", mobile="+33612345678", preferred_language="en")


def ask(profile, address="marie@example.org", *, fields=None, **choices):
    pending.ask(
        profile,
        address=address,
        fields=fields or {},
        choices=choices,
        source=Source.LANDING_PAGE,
        evidence=SHOWN,
        wordings={scope: f"☑ {scope}" for scope in choices},
        page=(3, "vos-preferences"),
        language="en",
    )
    return PendingChange.objects.latest("pk")


def url(change, **values):
    return f"/c/{make_token(Purpose.CONFIRM, change.public_id, **values)}/"


def ticks(profile):
    return [scope for scope, ticked in Profile.objects.get(pk=profile.pk).choices.items() if ticked]


def backdate(change, **delta):
    PendingChange.objects.filter(pk=change.pk).update(expires_at=timezone.now() - timedelta(**delta))
    change.refresh_from_db()


def test_the_ledger_says_how_it_was_confirmed_in_the_language_of_the_operators(profile):
    change = ask(profile, email=True)

    with override("fr"):
        pending.apply(change, evidence=CONFIRMED)

    assert ConsentEvent.objects.get().detail == "confirmed by email"


def test_an_opt_out_reaches_every_profile_with_the_address_that_answered(profile):
    twin, stranger = ProfileFactory(email="marie@example.org"), ProfileFactory()
    change = ask(profile, email=True)

    assert pending.apply(change, evidence=CONFIRMED) is True

    assert [ticks(one) for one in (profile, twin, stranger)] == [["email"], ["email"], []]
    event = ConsentEvent.objects.filter(profile=twin).get()
    assert (event.source, event.wording, event.page_version_id, event.page_label, event.detail) == (
        "landing_page", "☑ email", 4, "Vos préférences (version 4)", "confirmed by email",
    )  # fmt: skip
    assert (event.request_id, event.ip) == ("second", "198.51.100.0")
    assert list(ledger.disagreements()) == []


def test_an_opt_out_is_lifted_for_this_profile_alone(profile):
    twin = ProfileFactory(email="marie@example.org", opted_out=["sms"])
    consent.opt_out(profile, "sms", source=Source.OPERATOR)

    pending.apply(ask(profile, sms=False), evidence=CONFIRMED)

    assert (ticks(profile), ticks(twin)) == ([], ["sms"])


def test_what_was_opted_out_after_the_change_was_asked_for_stays(profile):
    consent.opt_out(profile, "sms", source=Source.OPERATOR)
    change = ask(profile, sms=False)
    consent.apply_choices(profile, {"sms": False}, source=Source.OPERATOR)
    consent.opt_out(profile, "sms", source=Source.ONE_CLICK)

    pending.apply(change, evidence=CONFIRMED)

    assert ticks(profile) == ["sms"]


def test_fields_change_and_the_search_follows(profile):
    pending.apply(ask(profile, fields={"last_name": "Noël", "mobile": "+33699999999"}), evidence=CONFIRMED)

    stored = Profile.objects.get()
    assert (stored.last_name, stored.last_name_folded, stored.mobile, stored.revision) == ("Noël", "noel", "+33699999999", 1)


def test_a_new_email_applies_when_it_answered_itself_and_the_old_one_is_told(profile):
    change = ask(profile, "new@example.org", fields={"email": "new@example.org"})
    assert Notice.objects.get().kind == NoticeKind.CONFIRM_ADDRESS

    pending.apply(change, evidence=CONFIRMED)

    assert Profile.objects.get().email == "new@example.org"
    told = Notice.objects.latest("pk")
    assert (told.kind, told.address) == ("address_changed", "marie@example.org")


def test_a_new_email_that_did_not_answer_is_asked_next(profile):
    pending.apply(ask(profile, fields={"email": "new@example.org", "city": "Lyon"}), evidence=CONFIRMED)

    stored = Profile.objects.get()
    assert (stored.email, stored.city) == ("marie@example.org", "Lyon")
    asked = Notice.objects.latest("pk")
    assert (asked.kind, asked.address, asked.pending_change.fields) == (
        "confirm_address", "new@example.org", {"email": "new@example.org"},
    )  # fmt: skip


def test_a_change_applies_once(profile):
    change = ask(profile, email=True)
    other = PendingChange.objects.get(pk=change.pk)

    assert [pending.apply(change, evidence=CONFIRMED), pending.apply(other, evidence=CONFIRMED)] == [True, False]
    assert ConsentEvent.objects.count() == 1


def test_an_expired_change_does_not_apply(profile):
    change = ask(profile, fields={"city": "Lyon"}, email=True)
    backdate(change, seconds=1)

    assert (pending.state(change), pending.apply(change, evidence=CONFIRMED)) == (State.EXPIRED, False)
    assert (ticks(profile), Profile.objects.get().city) == ([], "")


def test_an_address_that_the_profile_lost_confirms_nothing(profile):
    change = ask(profile, fields={"city": "Lyon"}, email=True)
    Profile.objects.update(email="other@example.org")
    change = pending.PendingChange.objects.select_related("profile").get(pk=change.pk)

    assert (pending.state(change), pending.apply(change, evidence=CONFIRMED)) == (State.EXPIRED, False)
    assert (ticks(profile), Profile.objects.get().city) == ([], "")
    assert PendingChange.objects.get().applied_at is None


def test_the_same_is_not_asked_twice_in_a_quarter_of_an_hour(profile):
    assert notices.may_ask(NoticeKind.CONFIRM_CHANGE, "marie@example.org") is True
    ask(profile, email=True)
    assert notices.may_ask(NoticeKind.CONFIRM_CHANGE, "marie@example.org") is False
    assert notices.may_ask(NoticeKind.FRESH_LINK, "marie@example.org") is True
    assert notices.may_ask(NoticeKind.CONFIRM_CHANGE, "other@example.org") is True

    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    assert notices.may_ask(NoticeKind.CONFIRM_CHANGE, "marie@example.org") is True


def test_an_address_is_asked_five_times_a_day_at_most(profile):
    for kind in [NoticeKind.FRESH_LINK] * 5:
        notices.ask(kind, address="marie@example.org", profile=profile)
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=23))

    assert notices.may_ask(NoticeKind.CONFIRM_CHANGE, "marie@example.org") is False
    assert notices.may_ask(NoticeKind.ADDRESS_CHANGED, "marie@example.org") is True

    Notice.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert notices.may_ask(NoticeKind.CONFIRM_CHANGE, "marie@example.org") is True


def test_changes_that_ended_long_ago_are_forgotten(profile):
    backdate(ask(profile, email=True), days=31)
    Notice.objects.update(created_at=timezone.now() - timedelta(days=38))
    kept = ask(profile, email=True)

    assert pending.clean_up() == 1
    assert list(PendingChange.objects.all()) == [kept]


# The page behind the mail


def test_get_shows_what_will_change_and_changes_nothing(anonymous, profile):
    change = ask(profile, fields={"city": "Lyon", "mobile": "+33699999999", "country": "FR"}, email=True, sms=False)

    page = anonymous.get(url(change)).content.decode()

    assert "m•••e@example.org" in page
    assert re.findall("<li>(.*?)</li>", page) == [
        "Mobile: +33•••99",
        "City: Lyon",
        "Country: France",
        "No longer contact by email: yes",
        "No longer contact by SMS: no longer",
    ]
    assert (Profile.objects.get().city, ticks(profile)) == ("", [])


def test_post_applies_and_again_says_the_same(anonymous, profile):
    change = ask(profile, fields={"city": "Lyon"}, email=True)

    first, second, look = anonymous.post(url(change)), anonymous.post(url(change)), anonymous.get(url(change))

    assert [one.status_code for one in (first, second, look)] == [200, 200, 200]
    assert first.content == second.content == look.content
    assert "This is recorded" in first.content.decode()
    assert (ticks(profile), ConsentEvent.objects.count(), Profile.objects.get().city) == (["email"], 1, "Lyon")


def test_an_expired_link_says_so(anonymous, profile):
    change = ask(profile, email=True)
    old = url(change, issued_at=timezone.now() - timedelta(days=8))
    assert [anonymous.get(old).status_code, anonymous.post(old).status_code] == [404, 404]
    assert "does not work any more" in anonymous.get(old).content.decode()

    backdate(change, minutes=1)
    assert [anonymous.get(url(change)).status_code, anonymous.post(url(change)).status_code] == [410, 410]
    assert ticks(profile) == []


@pytest.mark.parametrize("purpose", [Purpose.ONE_CLICK, Purpose.PERSONAL, Purpose.PAGE])
def test_a_link_of_another_purpose_confirms_nothing(anonymous, profile, purpose):
    change = ask(profile, email=True)
    for public_id in (change.public_id, profile.public_id):
        assert anonymous.post(f"/c/{make_token(purpose, public_id)}/").status_code == 404
    assert anonymous.post(f"/c/{make_token(Purpose.CONFIRM, profile.public_id)}/").status_code == 404
    assert ticks(profile) == []
