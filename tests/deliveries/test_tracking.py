"""Opens and clicks: what is led through us, what is noted, and what is hardly a person."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import tracking
from deliveries.holding import TrackingHolder
from deliveries.models import Message, TrackedLink, TrackingEvent
from profiles import holders, merging
from profiles.links import Purpose, make_token
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db

HTML = """<html><body><p>Bonjour {{ profile.first_name }}</p>
<a class="b" href="https://shop.example/spring?a=1&amp;b=2">Spring</a> <A HREF='https://shop.example/autumn'>Autumn</A>
<a href="https://shop.example/spring?a=1&amp;b=2">Spring again</a> <a href="https://x.example/{{ profile.city }}">Yours</a>
<a href="mailto:us@example.org">Write</a> <a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>"""
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SPRING, AUTUMN = "https://shop.example/spring?a=1&b=2", "https://shop.example/autumn"


@pytest.fixture
def sent(make_delivery, prepare, confirm, send_all, smtp):
    """A delivery with the given tracking, sent to Marie a minute ago; the HTML that she got."""

    def send(tracking):
        marie = ProfileFactory(first_name="Marie")
        delivery = make_delivery(html=HTML, tracking=tracking)
        prepare(delivery)
        confirm(delivery)
        send_all()
        Message.objects.update(ended_at=timezone.now() - timedelta(minutes=1))
        [accepted] = smtp.accepted
        html = accepted.mail.get_body(("html",)).get_content()
        return marie, delivery, html

    return send


def get(client, url, **headers):
    path = "/" + url.split("/", 3)[3]
    return client.get(path, headers={"user-agent": BROWSER} | headers)


def links_in(html):
    return re.findall(r'href="([^"]*)"', html, re.IGNORECASE)


def noted():
    return list(TrackingEvent.objects.order_by("pk").values_list("kind", "link__url", "is_automatic"))


@pytest.mark.parametrize(("what", "clicks", "pictures"), [("off", 0, 0), ("opens", 0, 1), ("clicks", 3, 0), ("both", 3, 1)])
def test_mail_leads_through_us_what_the_delivery_notes(sent, what, clicks, pictures):
    _marie, _delivery, html = sent(what)

    assert (html.count("/t/c/"), html.count("/t/o/")) == (clicks, pictures)
    assert 'href="https://x.example/"' in html
    assert 'href="mailto:us@example.org"' in html
    assert (SPRING.replace("&", "&amp;") in html) == (clicks == 0)


def test_click_leads_to_the_link_and_is_noted(sent, client):
    marie, delivery, html = sent("clicks")
    first, second, again = (url for url in links_in(html) if "/t/c/" in url)

    answers = [get(client, url) for url in (first, second)]

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, SPRING), (302, AUTUMN)]
    assert {answer["Referrer-Policy"] for answer in answers} == {"no-referrer"}
    assert noted() == [("click", SPRING, False), ("click", AUTUMN, False)]
    assert set(TrackingEvent.objects.values_list("profile", "delivery")) == {(marie.pk, delivery.pk)}
    assert first == again


def test_open_is_noted_when_the_picture_is_asked_for(sent, client):
    _marie, _delivery, html = sent("opens")
    url = html.split('src="')[1].split('"')[0]

    answer = get(client, url)

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    assert noted() == [("open", None, False)]


def test_heads_and_prefetches_lead_on_and_are_not_noted(sent, client):
    _marie, _delivery, html = sent("clicks")
    url = next(url for url in links_in(html) if "/t/c/" in url)

    answers = [get(client, url, **{"sec-purpose": "prefetch;prerender"}), client.head("/" + url.split("/", 3)[3])]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert client.post("/" + url.split("/", 3)[3]).status_code == 405
    assert noted() == []


@pytest.mark.parametrize("agent", ["", "Barracuda Sentinel (EE)", "python-requests/2.32", "Mozilla/5.0 (Googlebot/2.1)"])
def test_click_of_a_program_is_marked(sent, client, agent):
    _marie, _delivery, html = sent("clicks")

    get(client, next(url for url in links_in(html) if "/t/c/" in url), **{"user-agent": agent})

    assert noted() == [("click", SPRING, True)]


def test_click_in_the_seconds_after_the_hand_over_is_marked(sent, client):
    _marie, _delivery, html = sent("clicks")
    Message.objects.update(ended_at=timezone.now() - timedelta(seconds=2))

    get(client, next(url for url in links_in(html) if "/t/c/" in url))

    assert noted() == [("click", SPRING, True)]


def test_all_links_at_once_are_marked_the_first_ones_too(sent, client):
    marie, delivery, _html = sent("clicks")
    links = [TrackedLink.objects.get_or_create(delivery=delivery, url=f"https://shop.example/{n}")[0] for n in range(4)]

    for link in links:
        token = make_token(Purpose.CLICK, marie.public_id, delivery=delivery.pk, page=link.pk)
        client.get(f"/t/c/{token}", headers={"user-agent": BROWSER})

    assert {automatic for _kind, _url, automatic in noted()} == {True}
    assert tracking.totals(delivery) == {"opens": 0, "opened_by": 0, "clicks": 0, "clicked_by": 0, "automatic": 4}


def test_token_of_another_purpose_or_delivery_leads_nowhere(sent, client, make_delivery):
    marie, delivery, _html = sent("clicks")
    link, other = delivery.tracked_links.first(), make_delivery()
    tokens = [
        make_token(Purpose.ONE_CLICK, marie.public_id, delivery=delivery.pk, page=link.pk),
        make_token(Purpose.OPEN, marie.public_id, delivery=delivery.pk, page=link.pk),
        make_token(Purpose.CLICK, marie.public_id, delivery=other.pk, page=link.pk),
        "https://evil.example",
    ]

    answers = [client.get(f"/t/c/{token}", headers={"user-agent": BROWSER}) for token in tokens]

    assert [(answer.status_code, answer.get("Location")) for answer in answers] == [(404, None)] * 4
    assert noted() == []


def test_person_who_asks_all_day_fills_no_table(sent, client, monkeypatch):
    monkeypatch.setattr(tracking, "MOST_EVENTS", 3)
    marie, delivery, _html = sent("opens")

    for _ in range(5):
        client.get(f"/t/o/{make_token(Purpose.OPEN, marie.public_id, delivery=delivery.pk)}", headers={"user-agent": BROWSER})

    assert len(noted()) == 3


def test_link_still_leads_on_when_the_profile_is_gone(sent, client):
    marie, _delivery, html = sent("clicks")
    marie.delete()

    assert get(client, next(url for url in links_in(html) if "/t/c/" in url))["Location"] == SPRING
    assert noted() == []


def test_tracking_logs_show_who_did_what(sent, client, backoffice):
    marie, delivery, html = sent("both")
    get(client, next(url for url in links_in(html) if "/t/c/" in url))

    log = backoffice.get(f"/admin/deliveries/{delivery.pk}/tracking/?q=Dupont").content.decode()
    tab = backoffice.get(f"/admin/profiles/{marie.pk}/tracking-log/").content.decode()

    assert "1, by 1 person" in log
    assert all(text in page for page in (log, tab) for text in ("Email click", "https://shop.example/spring?a=1&amp;b=2"))
    assert "Nobody has opened" not in log


@pytest.mark.parametrize("number", [1, 3])
def test_tracking_log_takes_as_many_queries_for_three_people_as_for_one(sent, backoffice, django_assert_num_queries, number):
    _marie, delivery, _html = sent("both")
    for person in ProfileFactory.create_batch(number):
        TrackingEvent.objects.create(delivery=delivery, profile=person, kind="open", at=timezone.now())
    backoffice.get("/admin/")

    with django_assert_num_queries(8):
        backoffice.get(f"/admin/deliveries/{delivery.pk}/tracking/")


def test_events_follow_a_merge_and_go_with_an_erasure(sent, client, operator):
    marie, delivery, html = sent("both")
    url = next(url for url in links_in(html) if "/t/c/" in url)
    get(client, url)
    twin = ProfileFactory()
    merging.merge(twin, marie, from_loser=set(), revisions=(twin.revision, marie.revision), by=operator)

    get(client, url)

    assert set(TrackingEvent.objects.values_list("profile", "delivery")) == {(twin.pk, delivery.pk)}
    assert [row["Link"] for row in TrackingHolder().export(holders.person(twin))] == [SPRING, SPRING]
    assert TrackingHolder().erase(holders.person(twin)) == 2
    assert noted() == []
