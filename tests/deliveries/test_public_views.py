"""The public unsubscription pages: reliability.md U1 to U14 for the endpoint."""

import uuid

import pytest
from django.apps import apps
from django.test import Client

from deliveries import unsubscribing
from deliveries.models import Delivery
from profiles import publicpages, subscriptions
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Profile, Source, Subscription
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SCANNERS = [
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0) SafeLinks",
    "Mozilla/5.0 (compatible; proofpoint URL Defense)",
    "python-requests/2.31",
    "curl/8.4.0",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Slackbot-LinkExpanding 1.0",
    "facebookexternalhit/1.1",
    "Mimecast-URL-Protection",
    "WhatsApp/2.23",
]


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def profile():
    return ProfileFactory(email="marie@example.org", preferred_language="en")


def link(profile, delivery=0, purpose=Purpose.ONE_CLICK):
    return f"/u/{make_token(purpose, profile.public_id, delivery=delivery)}"


def everything():
    """Every row of every table."""
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


def test_one_click_opts_out_of_email_and_leaves_one_row(anonymous, profile, make_delivery):
    delivery = make_delivery()

    response = anonymous.post(link(profile, delivery.pk), ONE_CLICK)

    assert response.status_code == 200
    profile.refresh_from_db()
    assert profile.choices == {"all": False, "email": True, "sms": False, "push": False, "direct_mail": False}
    event = ConsentEvent.objects.get()
    assert (event.source, event.by, event.delivery_id, event.delivery_label, event.ip) == (
        "one_click", "", delivery.pk, "Spring news", "127.0.0.0",
    )  # fmt: skip
    assert event.wording == "List-Unsubscribe=One-Click"


def test_one_click_as_multipart_from_any_client_works(anonymous, profile):
    body = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'

    response = anonymous.post(
        link(profile), body, content_type="multipart/form-data; boundary=b", headers={"user-agent": "", "origin": "null"}
    )

    profile.refresh_from_db()
    assert (response.status_code, profile.opted_out_email) == (200, True)


def test_one_click_again_and_again_leaves_one_row(anonymous, profile):
    answers = [anonymous.post(link(profile), ONE_CLICK).status_code for _ in range(10)]

    assert (answers, ConsentEvent.objects.count()) == ([200] * 10, 1)


def test_a_slash_at_the_end_is_not_redirected(anonymous, profile):
    assert anonymous.post(link(profile) + "/", ONE_CLICK).status_code == 200
    assert Profile.objects.get().opted_out_email is True


def test_the_page_has_a_button_that_opts_out(anonymous, profile):
    page = anonymous.get(link(profile))
    answer = anonymous.post(link(profile), {"confirm": "yes"})

    assert (page.status_code, answer.status_code) == (200, 200)
    assert '<button type="submit">Unsubscribe</button>' in page.content.decode()
    event = ConsentEvent.objects.get()
    assert (event.source, event.wording) == ("unsubscribe_page", "I no longer want to receive emails.")


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "Other"}, {"confirm": "no"}, {"all": "on", "opted_out_all": "1"}])
def test_a_post_that_says_neither_shows_the_page_and_changes_nothing(anonymous, profile, body):
    before = everything()

    response = anonymous.post(link(profile), body)

    assert (response.status_code, everything()) == (200, before)
    assert "Unsubscribe" in response.content.decode()


@pytest.mark.parametrize("agent", SCANNERS)
@pytest.mark.parametrize("purpose", [Purpose.ONE_CLICK, Purpose.PERSONAL])
def test_reading_changes_nothing(anonymous, profile, agent, purpose, make_delivery):
    url = link(profile, make_delivery().pk, purpose)
    before = everything()

    for _ in range(5):
        for method in (anonymous.get, anonymous.head, anonymous.options):
            assert method(url, headers={"user-agent": agent, "purpose": "prefetch", "sec-purpose": "prefetch"}).status_code == 200

    assert everything() == before


def test_a_delivery_of_a_service_ends_the_subscription_only(anonymous, profile, make_delivery):
    service = ServiceFactory(public_label="The Thursday letter")
    subscriptions.subscribe(profile, service, source=Source.OPERATOR)
    url = link(profile, make_delivery(service=service).pk)

    page = anonymous.get(url).content.decode()
    anonymous.post(url, ONE_CLICK)
    anonymous.post(url, ONE_CLICK)

    profile.refresh_from_db()
    assert "I no longer want to receive “The Thursday letter”." in page
    assert (Subscription.objects.count(), profile.opted_out_email) == (0, False)
    rows = list(ConsentEvent.objects.order_by("pk").values_list("scope", "before", "after", "source"))
    assert rows == [("service", True, False, "operator"), ("service", False, True, "one_click")]


def test_it_works_after_the_delivery_was_deleted(anonymous, profile, make_delivery):
    delivery = make_delivery()
    url = link(profile, delivery.pk)
    Delivery.objects.all().delete()

    assert anonymous.post(url, ONE_CLICK).status_code == 200
    assert Profile.objects.get().opted_out_email is True


def test_bad_links_get_one_and_the_same_answer(anonymous, profile):
    good = make_token(Purpose.ONE_CLICK, profile.public_id)
    bad = [
        "x",
        good[:-1],
        good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        good.swapcase(),
        "A" * 74,
        make_token(Purpose.ONE_CLICK, uuid.uuid4()),
        str(profile.public_id),
        str(profile.pk),
    ]
    before = everything()

    answers = {(r.status_code, r.content) for t in bad for r in (anonymous.get(f"/u/{t}"), anonymous.post(f"/u/{t}", ONE_CLICK))}

    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert everything() == before


def test_a_one_click_link_opens_nothing_else_and_a_personal_link_only_tightens(anonymous, profile):
    anonymous.post(link(profile), {"scopes": ["all", "sms"]})
    assert Profile.objects.get().choices["all"] is False

    response = anonymous.post(link(profile, purpose=Purpose.PERSONAL), {"scopes": ["sms", "email"]})

    assert response.status_code == 200
    profile.refresh_from_db()
    assert profile.choices == {"all": False, "email": True, "sms": True, "push": False, "direct_mail": False}
    rows = list(ConsentEvent.objects.order_by("pk").values_list("scope", "source", "wording"))
    wording = "no more emails; no more text messages"
    assert rows == [("email", "personal_link", wording), ("sms", "personal_link", wording)]


@pytest.mark.parametrize("body", [{}, {"scopes": ["everything"]}, {"scopes": [""]}, {"List-Unsubscribe": "One-Click"}])
def test_a_personal_link_without_a_choice_asks_again(anonymous, profile, body):
    before = everything()

    response = anonymous.post(link(profile, purpose=Purpose.PERSONAL), body)

    assert (response.status_code, everything()) == (200, before)
    assert 'class="error"' in response.content.decode()


def test_pages_show_no_more_than_a_masked_address(anonymous, profile):
    profile.first_name, profile.last_name = "Wilhelmina", "Featherstone"
    profile.save()

    for purpose in (Purpose.ONE_CLICK, Purpose.PERSONAL):
        page = anonymous.get(link(profile, purpose=purpose)).content.decode()
        assert "m•••e@example.org" in page
        assert [word for word in ("marie@", "Wilhelmina", "Featherstone", profile.mobile) if word in page] == []


def test_pages_forbid_scripts_storing_framing_referring_and_indexing(anonymous, profile):
    response = anonymous.get(link(profile))

    assert sorted(response.headers["Content-Security-Policy"].split("; ")) == [
        "base-uri 'none'",
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self'",
        "style-src 'self'",
    ]
    names = ("Referrer-Policy", "Cache-Control", "X-Robots-Tag", "X-Frame-Options")
    assert [response.headers[name] for name in names] == ["no-referrer", "no-store", "noindex, nofollow", "DENY"]
    assert response.cookies == {}


def test_the_page_speaks_the_language_of_the_profile(anonymous, profile):
    Profile.objects.update(preferred_language="fr")

    response = anonymous.get(link(profile), headers={"accept-language": "en"})

    assert '<html lang="fr">' in response.content.decode()


@pytest.mark.parametrize(
    ("ip", "network"), [("192.0.2.77", "192.0.2.0"), ("2001:db8:1:2::3", "2001:db8:1::"), ("unix:", ""), ("", "")]
)
def test_ip_addresses_are_shortened_to_their_network(ip, network):
    assert publicpages.shortened(ip) == network


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("marie@example.org", "m•••e@example.org"),
        ("a@example.org", "a•••@example.org"),
        ("ab@example.org", "a•••@example.org"),
        ("", ""),
    ],
)
def test_addresses_are_masked(email, shown):
    assert publicpages.masked(email) == shown


def test_unsubscribing_words_every_channel(profile, make_delivery):
    for channel in ("email", "sms", "push", "direct_mail"):
        delivery = make_delivery(channel=channel)
        asked = unsubscribing.Request(profile, delivery, unsubscribing.Channel.of(channel), None)
        assert asked.sentence.startswith("I no longer want to receive")
