"""The preference centre: one page that follows channels and services, and whose every change is a version."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deliveries import confirmations, merging, pagelinks, skeleton
from deliveries.transports import memory
from landingpages import centre, editing, forms, reconciling
from landingpages.models import LandingPage, PageStatus, PublishedVersion
from profiles import consent, subscriptions
from profiles.links import Purpose
from profiles.models import ConsentEvent, Notice, NoticeKind, Profile, Service, Source, Subscription
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.visitors import address, everything, link, stamped, token

pytestmark = pytest.mark.django_db
OLD = timedelta(days=31)


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def letter():
    return ServiceFactory(label="letter", public_label="Thursday letter")


@pytest.fixture
def club():
    return ServiceFactory(label="club", public_label="Secret club", in_preference_centre=False)


@pytest.fixture
def preferences(letter, club):
    centre.refresh(by="Ana Lopes")
    return centre.find()


@pytest.fixture
def marie():
    return ProfileFactory(email="marie@example.org", preferred_language="en")


def content(response):
    return response.content.decode()


def shown(client, url):
    """The form as a browser would send it: every input with what it says now."""
    body = content(client.get(url))
    inputs = [
        dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) | {"checked": " checked" in tag} for tag in re.findall(r"<input[^>]*>", body)
    ]
    return {
        one["name"]: one.get("value", "on") for one in inputs if one.get("type") == "hidden" or (one["checked"] and "name" in one)
    }


def boxes(client, url):
    """Label -> ticked, in the order of the page."""
    body = content(client.get(url))
    return {
        label: " checked" in tag
        for tag, label in re.findall(r'<p class="check">(<input[^>]*>) <label[^>]*>([^<]*)</label>', body)
    }


def name_of(what):
    """The input of a box: of a column, or of a service."""
    return next(
        forms.field_name(block)
        for block in centre.find().version.content["blocks"]
        if what in (block["field"] or None, block.get("service_id"))
    )


def test_it_offers_every_channel_every_open_service_and_nothing_at_all(anonymous, preferences, marie, letter):
    consent.opt_out(marie, "sms", source=Source.OPERATOR)
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR)

    assert boxes(anonymous, link(preferences, marie)) == {
        "Send me emails": True,
        "Send me text messages": False,
        "Send me push notifications": True,
        "Send me mail by post": True,
        "Thursday letter": True,
        "Send me nothing any more, by any channel": False,
    }


def test_a_service_that_is_not_offered_is_seen_by_its_subscribers_alone(anonymous, preferences, marie, club):
    assert "Secret club" not in boxes(anonymous, link(preferences, marie))

    subscriptions.subscribe(marie, club, source=Source.OPERATOR)

    assert boxes(anonymous, link(preferences, marie))["Secret club"] is True
    data = shown(anonymous, link(preferences, marie))
    del data[name_of(club.pk)]
    anonymous.post(link(preferences, marie), data)
    assert not Subscription.objects.exists()
    assert "Secret club" not in boxes(anonymous, link(preferences, marie))


def test_nobody_subscribes_to_what_is_not_offered_by_naming_it(anonymous, preferences, marie, club):
    data = shown(anonymous, link(preferences, marie)) | {name_of(club.pk): "on"}

    assert anonymous.post(link(preferences, marie), data).status_code == 200
    assert anonymous.post(link(preferences, marie), data | {"boxes": f"{data['boxes']},{club.pk}"}).status_code == 422

    assert not Subscription.objects.exists()


def test_a_subscription_made_while_the_page_was_open_is_not_ended_by_it(anonymous, preferences, marie, club):
    """She never saw its box, so that it was not ticked says nothing."""
    data = shown(anonymous, link(preferences, marie))
    subscriptions.subscribe(marie, club, source=Source.OPERATOR)

    assert anonymous.post(link(preferences, marie), data).status_code == 200
    assert [one.service for one in Subscription.objects.all()] == [club]


@pytest.mark.parametrize("days", [{"starts_on": timedelta(days=1)}, {"ends_on": timedelta(days=-1)}])
def test_a_service_outside_its_days_is_left_but_not_joined(anonymous, preferences, marie, letter, days):
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR)
    Service.objects.filter(pk=letter.pk).update(**{name: timezone.localdate() + delta for name, delta in days.items()})

    assert boxes(anonymous, link(preferences, marie))["Thursday letter"] is True
    assert "Thursday letter" not in boxes(anonymous, link(preferences, ProfileFactory()))


def test_the_heading_of_services_needs_one(anonymous, preferences, marie, letter):
    heading = "What you subscribe to"
    assert heading in content(anonymous.get(link(preferences, marie) + "?lang=en"))

    Service.objects.filter(pk=letter.pk).update(in_preference_centre=False)
    centre.refresh()

    assert heading not in content(anonymous.get(link(preferences, marie) + "?lang=en"))


def test_what_she_chose_is_recorded_with_the_wording_and_version_that_she_saw(anonymous, preferences, marie, letter):
    data = shown(anonymous, link(preferences, marie)) | {
        name_of(letter.pk): "on",
        name_of("opted_out_all"): "on",
    }
    del data[name_of("opted_out_email")]

    response = anonymous.post(link(preferences, marie), data)

    assert (response.status_code, "Your choices are recorded and take effect at once." in content(response)) == (200, True)
    assert set(ConsentEvent.objects.values_list("scope", "after", "wording", "page_label", "page_version_id")) == {
        ("email", True, "☐ Send me emails", "Preference centre (version 1)", preferences.version.pk),
        ("all", True, "☑ Send me nothing any more, by any channel", "Preference centre (version 1)", preferences.version.pk),
        ("service", False, "☑ Thursday letter", "Preference centre (version 1)", preferences.version.pk),
    }
    assert Profile.objects.get().choices == {"all": True, "email": True, "sms": False, "push": False, "direct_mail": False}


def test_it_follows_the_services_without_being_published(backoffice, anonymous, preferences, marie, letter):
    before = shown(anonymous, link(preferences, marie))
    values = {"label": "letter", "public_label": "Friday letter", "channel": "email", "in_preference_centre": "on"}
    saved = backoffice.post(
        reverse("admin:profiles_service_change", args=[letter.pk]),
        values | {"subscribed_message": "none", "unsubscribed_message": "none", "initial-public_label": "Thursday letter"},
    )
    assert saved.status_code == 302

    assert boxes(anonymous, link(preferences, marie))["Friday letter"] is False
    anonymous.post(link(preferences, marie), before | {name_of(letter.pk): "on"})

    event = ConsentEvent.objects.get()
    assert (event.wording, event.page_label) == ("☑ Thursday letter", "Preference centre (version 1)")
    assert PublishedVersion.objects.get(pk=event.page_version_id).number == 1
    assert centre.find().version.number == 2


def test_a_service_that_is_deleted_takes_its_box_along(backoffice, anonymous, preferences, marie, letter):
    before = shown(anonymous, link(preferences, marie))

    backoffice.post(reverse("admin:profiles_service_delete", args=[letter.pk]))

    assert "Thursday letter" not in boxes(anonymous, link(preferences, marie))
    answer = anonymous.post(link(preferences, marie), before)
    assert (answer.status_code, "changed while you had it open" in content(answer)) == (422, True)


def test_nothing_new_makes_no_version(preferences):
    assert [centre.refresh() for _ in range(3)] == [None] * 3
    assert PublishedVersion.objects.filter(page=preferences).count() == 1


def test_there_is_one_however_often_it_is_made_and_its_address_is_free(letter):
    PublishedPageFactory(slug="preference-centre")

    centre.refresh()
    centre.refresh()

    assert [page.slug for page in LandingPage.objects.filter(type="preferences")] == ["preference-centre-2"]


def test_it_is_open_to_people_who_opted_out_of_everything(anonymous, preferences):
    silent = ProfileFactory(opted_out=["all"], preferred_language="en")

    older = link(preferences, silent, age=timedelta(minutes=1))

    ticked = boxes(anonymous, older)
    data = shown(anonymous, older)
    del data[name_of("opted_out_all")]
    answer = anonymous.post(older, data)

    assert ticked["Send me nothing any more, by any channel"] is True
    assert "To finish, open the mail" in content(answer)
    assert Notice.objects.get().kind == NoticeKind.CONFIRM_CHANGE


@pytest.mark.parametrize("code", ["en", "fr"])
def test_it_speaks_both_languages(anonymous, preferences, marie, code):
    body = content(anonymous.get(link(preferences, marie) + f"?lang={code}"))

    assert (f'<html lang="{code}"' in body, centre.BUTTON[code] in body, centre.NOTHING[code] in body) == (
        True, True, True,
    )  # fmt: skip


def test_an_old_link_shows_nothing_that_she_holds_and_stops_what_she_says(anonymous, preferences, marie, letter, club):
    for service in (letter, club):
        subscriptions.subscribe(marie, service, source=Source.OPERATOR)
    url = link(preferences, marie, age=OLD)

    body = content(anonymous.get(url))
    anonymous.post(url, {"stop": ["email", f"service:{letter.pk}"]})

    assert ("Secret club" in body, "checked" in body, "Thursday letter" in body) == (False, False, True)
    assert Profile.objects.get().opted_out_email is True
    assert [one.service for one in Subscription.objects.all()] == [club]


def test_a_wrong_form_keeps_its_boxes(anonymous, preferences, marie, letter):
    data = shown(anonymous, link(preferences, marie)) | {"version": "99"}
    before = everything()

    answer = anonymous.post(link(preferences, marie), data)

    assert (answer.status_code, everything() == before) == (422, True)
    assert f'name="boxes" value="{letter.pk}"' in content(answer)


# The public address


def test_its_public_address_asks_for_an_address_and_sends_a_link(anonymous, preferences, marie, settings):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    memory.outbox.clear()
    answer = anonymous.get(address(preferences))
    assert (answer.status_code, "Send me my link" in content(answer)) == (200, True)

    answers = {
        anonymous.post(address(preferences) + "fresh-link/", stamped(preferences) | {"address": one}).content
        for one in (marie.email, "nobody@example.org")
    }
    reconciling.process_received()
    confirmations.send_due_notices()

    assert len(answers) == 1
    [mail] = memory.outbox
    path = re.search(rb"(/lp/preference-centre/[\w-]{74})", mail.data.replace(b"=\r\n", b""))[1].decode()
    assert (mail.address, boxes(anonymous, path)["Send me emails"]) == (marie.email, True)


def test_pages_that_cannot_help_lead_to_it(anonymous, preferences, marie):
    closed = PublishedPageFactory()
    LandingPage.objects.filter(pk=closed.pk).update(status=PageStatus.CLOSED)

    urls = [
        address(closed),
        link(closed, marie),
        link(PublishedPageFactory(), marie, age=OLD),
        "/u/" + token(preferences, marie, purpose=Purpose.ONE_CLICK),
        "/u/" + token(preferences, marie, purpose=Purpose.PERSONAL),
        "/u/nonsense",
    ]
    offer = f'href="{settings.PUBLIC_URL}/lp/preference-centre/?lang='
    assert [offer in content(anonymous.get(url)) for url in urls] == [True] * len(urls)

    centre.set_open(preferences, is_open=False, by="Ana Lopes")
    assert [offer in content(anonymous.get(url)) for url in urls] == [False] * len(urls)
    assert anonymous.get(address(preferences)).status_code == 410
    assert anonymous.get(link(preferences, marie)).status_code == 410


# Deliveries


def test_a_new_delivery_links_to_the_centre_where_that_is_the_default(preferences):
    other = PublishedPageFactory(is_default=True)
    assert skeleton.content()["preference_page"] == other

    editing.change_page(preferences, {"is_default": True}, by="Ana Lopes")

    assert skeleton.content()["preference_page"] == preferences
    other.refresh_from_db()
    assert other.is_default is False


def test_each_message_carries_a_link_to_the_centre(preferences, marie):
    assert "preference_centre_url" in merging.FIELDS
    pinned = pagelinks.pin(pagelinks.centre())

    assert pagelinks.url(pinned, marie).startswith(f"{settings.PUBLIC_URL}/lp/preference-centre/")


# The back office


def test_an_operator_words_it_and_visitors_see_it_at_once(backoffice, anonymous, preferences, marie):
    body = content(backoffice.get(reverse("landingpages:centre")))
    assert [text in body for text in ("Thursday letter", "Secret club", "shown to everybody", "Version 1")] == [True] * 4
    assert reverse("landingpages:centre") in content(backoffice.get(reverse("landingpages:list")))

    texts = {f"{name}_{code}": text for name, both in centre.TEXTS.items() for code, text in both.items()}
    answer = backoffice.post(reverse("landingpages:centre"), texts | {"title_en": "What <you> get", "revision": "0"})

    assert answer.status_code == 302
    assert "<h1>What &lt;you&gt; get</h1>" in content(anonymous.get(link(preferences, marie)))
    late = backoffice.post(reverse("landingpages:centre"), texts | {"title_en": "Late", "revision": "0"})
    assert (late.status_code, "meanwhile" in content(late), "Late" in content(late)) == (422, True, True)


def test_an_introduction_is_there_in_every_language_or_in_none(backoffice, preferences):
    texts = {f"{name}_{code}": text for name, both in centre.TEXTS.items() for code, text in both.items()}
    half = backoffice.post(reverse("landingpages:centre"), texts | {"introduction_fr": "", "revision": "0"})
    none = backoffice.post(
        reverse("landingpages:centre"), texts | {"introduction_fr": "", "introduction_en": "", "revision": "0"}
    )

    assert (half.status_code, none.status_code) == (422, 302)
    assert centre.find().version.content["languages"] == ["en", "fr"]


@pytest.mark.parametrize(
    ("act", "expected"),
    [("close", ("closed", False)), ("open", ("online", False)), ("default", ("online", True)), ("no-default", ("online", False))],
)
def test_it_is_opened_closed_and_made_the_default_by_buttons(backoffice, preferences, act, expected):
    backoffice.post(reverse("landingpages:centre_act"), {"act": act})

    preferences.refresh_from_db()
    assert (preferences.status, preferences.is_default) == expected


def test_it_is_set_up_by_a_button_where_no_worker_did(backoffice):
    assert "Set it up" in content(backoffice.get(reverse("landingpages:centre")))

    backoffice.post(reverse("landingpages:centre_act"), {"act": "set-up"})

    assert LandingPage.objects.get().status == "online"


def test_nobody_builds_it(backoffice, preferences):
    for name in ("build", "properties", "publish", "unpublish", "versions", "preview"):
        assert backoffice.get(reverse(f"landingpages:{name}", args=[preferences.pk])).status_code == 404
    assert "Thursday letter" in content(backoffice.get(reverse("landingpages:centre_preview") + "?version=1"))


def test_only_who_may_publish_changes_it(client, django_user_model, preferences):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    ben.user_permissions.add(Permission.objects.get(codename="view_landingpage"))
    client.force_login(ben)
    before = everything()["landingpages.LandingPage"]

    assert client.get(reverse("landingpages:centre")).status_code == 200
    assert client.post(reverse("landingpages:centre_act"), {"act": "close"}).status_code == 403
    assert client.post(reverse("landingpages:centre"), {"revision": "0"}).status_code == 422
    assert everything()["landingpages.LandingPage"] == before


@pytest.mark.parametrize("number", [1, 3])
def test_it_takes_the_same_queries_for_one_service_and_for_many(anonymous, preferences, marie, django_assert_num_queries, number):
    ServiceFactory.create_batch(number)
    centre.refresh()

    with django_assert_num_queries(6):
        anonymous.get(link(preferences, marie))
