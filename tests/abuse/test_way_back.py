"""Nothing older undoes a newer choice, whichever way it comes (design decision 6)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from landingpages import centre
from profiles import consent, merging, pending, subscriptions
from profiles.consent import NO_EVIDENCE
from profiles.links import Purpose, make_token
from profiles.models import NoticeKind, PendingChange, Profile, Source, Subscription
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.test_centre import name_of, shown
from tests.landingpages.visitors import link, typed

pytestmark = pytest.mark.django_db
AGO = timedelta(minutes=5)


def ask(profile, **values):
    given = {"fields": {}, "choices": {}} | values
    return pending.ask(
        profile, address=profile.email, source=Source.LANDING_PAGE, evidence=NO_EVIDENCE, **given
    ).pending_change  # fmt: skip


def opt_out_by_one_click(client, profile):
    assert (
        client.post(f"/u/{make_token(Purpose.ONE_CLICK, profile.public_id)}", {"List-Unsubscribe": "One-Click"}).status_code
        == 200
    )


def test_page_an_older_link_asks_by_mail_and_a_younger_one_lifts(anonymous, online, marie):
    older = link(online, marie, age=AGO)
    opt_out_by_one_click(anonymous, marie)

    anonymous.post(older, typed(online, last_name="Featherstone"))
    assert Profile.objects.get().opted_out_email is True
    assert PendingChange.objects.get().choices == {"email": False}

    anonymous.post(link(online, marie, age=timedelta(seconds=-5)), typed(online, last_name="Featherstone"))
    assert Profile.objects.get().opted_out_email is False


def test_centre_two_tabs_the_one_that_was_open_before_takes_nothing_back(anonymous, marie):
    centre.refresh()
    url = link(centre.find(), marie, age=AGO)
    first_tab = shown(anonymous, url)
    second_tab = {name: value for name, value in first_tab.items() if name != name_of("opted_out_email")}

    anonymous.post(url, second_tab)
    anonymous.post(url, first_tab)

    assert Profile.objects.get().opted_out_email is True
    assert PendingChange.objects.get().choices == {"email": False}


def test_centre_a_tab_from_before_joins_no_service_that_was_left_since(anonymous, marie):
    letter = ServiceFactory()
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR)
    centre.refresh()
    url = link(centre.find(), marie, age=AGO)
    first_tab = shown(anonymous, url)
    subscriptions.unsubscribe(marie, letter, source=Source.ONE_CLICK)

    anonymous.post(url, first_tab)

    assert not Subscription.objects.exists()
    change = PendingChange.objects.get()
    assert (change.services, change.notices.get().kind) == ({str(letter.pk): True}, NoticeKind.CONFIRM_SUBSCRIPTION)
    pending.apply(change, evidence=NO_EVIDENCE)
    assert Subscription.objects.get().service == letter


def test_subscription_page_an_older_link_asks_by_mail(anonymous, marie):
    letter = ServiceFactory()
    page = PublishedPageFactory(template="subscription", service=letter)
    older, younger = link(page, marie, age=AGO), link(page, marie, age=timedelta(seconds=-5))
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR)
    subscriptions.unsubscribe(marie, letter, source=Source.ONE_CLICK)

    anonymous.post(older, typed(page, last_name="Featherstone"))
    assert not Subscription.objects.exists()

    anonymous.post(younger, typed(page, last_name="Featherstone"))
    assert Subscription.objects.get().service == letter


def test_confirmation_one_that_is_older_than_the_opt_out_lifts_nothing(anonymous, marie):
    consent.opt_out(marie, "sms", source=Source.LANDING_PAGE)
    change = ask(marie, choices={"sms": False, "email": False})
    opt_out_by_one_click(anonymous, marie)

    assert anonymous.post(f"/c/{make_token(Purpose.CONFIRM, change.public_id)}").status_code == 200

    stored = Profile.objects.get()
    assert (stored.opted_out_sms, stored.opted_out_email) == (False, True)


def test_confirmation_a_replayed_one_lifts_nothing_that_was_ticked_since(anonymous, marie):
    consent.opt_out(marie, "email", source=Source.LANDING_PAGE)
    url = f"/c/{make_token(Purpose.CONFIRM, ask(marie, choices={'email': False}).public_id)}"
    anonymous.post(url)
    assert Profile.objects.get().opted_out_email is False

    opt_out_by_one_click(anonymous, marie)
    for _ in range(3):
        anonymous.post(url)

    assert Profile.objects.get().opted_out_email is True


def test_undo_takes_nothing_back_but_the_arrival_itself(anonymous, marie):
    page = PublishedPageFactory(template="blocklist", acts_on_arrival=True)
    url = link(page, marie)
    arrival = {"arrival": "yes", "version": "1"}
    anonymous.post(url, arrival)
    consent.apply_choices(marie, {"all": False}, source=Source.OPERATOR)
    consent.opt_out(marie, "all", source=Source.LANDING_PAGE)

    answer = anonymous.post(url, {"undo": "yes"})

    assert (answer.status_code, Profile.objects.get().opted_out_all) == (409, True)


def test_one_click_and_copied_links_never_lift(anonymous, marie):
    consent.opt_out(marie, "email", source=Source.LANDING_PAGE)
    before = Profile.objects.values().get()

    for purpose in (Purpose.ONE_CLICK, Purpose.PERSONAL):
        url = f"/u/{make_token(purpose, marie.public_id)}"
        for data in ({"scopes": []}, {"email": "off"}, {"undo": "yes"}, {"opted_out_email": "false"}, {"confirm": "no"}):
            anonymous.post(url, data)

    assert Profile.objects.values().get() == before


def test_merge_a_link_older_than_the_opt_out_of_the_other_profile_lifts_nothing(anonymous, online, marie, operator):
    """The winner had ticked long ago; the loser's tick is younger than the link."""
    twin = ProfileFactory(email="marie.d@example.org", preferred_language="en")
    older = link(online, marie, age=AGO)
    change = ask(marie, choices={"email": False})
    PendingChange.objects.update(created_at=timezone.now() - AGO)
    consent.opt_out(twin, "email", source=Source.ONE_CLICK)
    for one in (marie, twin):
        one.refresh_from_db()
    merging.merge(marie, twin, from_loser=set(), revisions=(marie.revision, twin.revision), by=operator)

    anonymous.post(older, typed(online, last_name="Featherstone"))
    pending.apply(PendingChange.objects.get(pk=change.pk), evidence=NO_EVIDENCE)
    anonymous.post(link(online, twin, age=AGO), typed(online, last_name="Featherstone"))

    assert Profile.objects.get().opted_out_email is True
