"""A page on another site: in a frame, and as a plain form."""

import html
import re
import time

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from landingpages import editing, embedding, publishing
from landingpages.embed_views import form_snippet, frame_snippet
from landingpages.models import Submission
from tests.factories import ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import address, everything, link, typed

pytestmark = pytest.mark.django_db
SITE = "https://www.example.org"


@pytest.fixture
def framed():
    return PublishedPageFactory(embed_origins=[SITE, "https://shop.example.org:8443"])


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


def ancestors(response):
    return re.search("frame-ancestors ([^;]*)", response.headers["Content-Security-Policy"])[1]


def copied(page, **values):
    """The form of the snippet as a browser on the other site would send it."""
    return typed(page, **values) | {embedding.KEY: embedding.key(page.version)}


@pytest.mark.parametrize(
    ("line", "origin"),
    [
        ("https://www.example.org", SITE),
        ("  HTTPS://WWW.Example.org/ ", SITE),
        ("https://www.example.org:443", SITE),
        ("https://example.org:8443", "https://example.org:8443"),
        ("https://müller.example", "https://xn--mller-kva.example"),
        ("https://localhost", "https://localhost"),
    ],
)
def test_a_site_is_kept_as_browsers_compare_it(line, origin):
    assert embedding.origins(f"\n{line}\n{line}") == [origin]


@pytest.mark.parametrize(
    "line",
    [
        "http://www.example.org", "www.example.org", "https://", "https://*", "https://*.example.org", "https://example.org/page",
        "https://ana@example.org", "https://example.org; script-src *", "https://a b", "https://example.org:0", "'self'", "data:",
        "https://-a.example", "javascript:alert(1)", "https://example.org?x", "https://a..b",
    ],
)  # fmt: skip
def test_what_is_no_site_is_refused_and_named(line):
    with pytest.raises(ValidationError, match="is no site"):
        embedding.origins(line)


def test_only_the_sites_of_the_published_version_may_frame_the_page(client, framed, online):
    shown, other = client.get(address(framed)), client.get(address(online))

    assert ancestors(shown) == f"{SITE} https://shop.example.org:8443"
    assert "X-Frame-Options" not in shown.headers
    assert ancestors(other) == "'none'"
    assert other.headers["X-Frame-Options"] == "DENY"


def test_a_site_that_is_not_published_yet_may_not(client, online):
    editing.change_page(online, {"embed_origins": [SITE]}, by="Ana")
    assert ancestors(client.get(address(online))) == "'none'"

    publishing.publish(online, by="Ana")
    assert ancestors(client.get(address(online))) == SITE


def test_a_page_that_knows_its_reader_is_in_no_frame(client, framed):
    shown = client.get(link(framed, ProfileFactory()))

    assert ancestors(shown) == "'none'"
    assert shown.headers["X-Frame-Options"] == "DENY"


def test_sites_are_a_change_that_can_be_restored(online):
    before = publishing.changes_not_published(online)
    editing.change_page(online, {"embed_origins": [SITE]}, by="Ana")
    changed = publishing.changes_not_published(online)
    publishing.restore(online, online.version, by="Ana")

    assert (before, changed) == (0, 1)
    assert online.embed_origins == []


def test_a_form_of_another_site_writes_nothing_and_comes_back_to_be_sent(anonymous, online):
    before = everything()

    answer = anonymous.post(
        f"{address(online)}embedded/?lang=en",
        copied(online, last_name="Petit", email="new@example.org", opted_out_sms=True),
        headers={"Origin": SITE, "Sec-Fetch-Site": "cross-site"},
    )

    text = answer.content.decode()
    assert answer.status_code == 200
    assert everything() == before
    assert "Almost done" in text
    assert 'value="Petit"' in text
    assert text.count(" checked") == 1
    assert f'action="{address(online)}?lang=en"' in text
    assert ancestors(answer) == "'none'"
    assert not answer.cookies


def test_what_came_back_is_sent_like_any_form(anonymous, online, settings):
    settings.PAGE_SECONDS = 0
    data = copied(online, last_name="Petit", email="new@example.org")
    text = anonymous.post(f"{address(online)}embedded/?lang=en", data).content.decode()
    stamp = re.search('name="opened" value="([^"]*)"', text)[1]

    time.sleep(0.1)  # the stamp is rounded to a tenth of a second
    answer = anonymous.post(address(online), data | {"opened": html.unescape(stamp)})

    assert answer.status_code == 200
    assert Submission.objects.get().data["last_name"] == "Petit"


def test_a_wrong_answer_is_told_on_our_page_with_what_was_typed(anonymous, online):
    answer = anonymous.post(f"{address(online)}embedded/?lang=en", copied(online, last_name="Petit", email="no address"))

    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="no address"' in text
    assert 'aria-invalid="true"' in text


@pytest.mark.parametrize("key", ["", "forged", "other", "older"])
def test_ticks_of_anything_but_a_copy_of_this_version_do_not_come_along(anonymous, online, key):
    other = PublishedPageFactory()
    values = {"": "", "forged": "eyJ:x:y", "other": embedding.key(other.version), "older": embedding.key(online.version)}[key]
    if key == "older":
        editing.change(online, online.blocks.get(kind="heading").key, {"texts": {"en": {"label": "New"}}}, by="Ana")
        publishing.publish(online, by="Ana")

    data = typed(online, last_name="Petit", email="a@example.org", opted_out_sms=True) | {embedding.KEY: values}
    answer = anonymous.post(f"{address(online)}embedded/?lang=en", data)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Petit"' in text
    assert " checked" not in text


def test_a_filled_trap_is_told(anonymous, online):
    answer = anonymous.post(
        f"{address(online)}embedded/?lang=en", copied(online, last_name="A", email="a@example.org") | {"website": "x"}
    )

    assert answer.status_code == 422
    assert "Leave the field that says so empty." in answer.content.decode()


def test_looking_at_the_address_of_the_form_shows_the_page(client, online):
    assert 'name="opened"' in client.get(f"{address(online)}embedded/").content.decode()


def test_the_snippets_are_of_the_published_version_in_its_languages(online, settings):
    french, english = form_snippet(online, "fr"), form_snippet(online, "en")

    assert f'action="{settings.PUBLIC_URL}{address(online)}embedded/?lang=fr"' in french
    assert 'lang="fr"' in french
    assert "<script" not in french + english
    assert "style=" not in french + english
    assert french != english
    labels = re.findall('<label for="([^"]*)"', english)
    inputs = re.findall(' id="([^"]*)"', english)
    assert labels
    assert set(labels) <= set(inputs)
    assert len(inputs) == len(set(inputs))
    assert f'src="{settings.PUBLIC_URL}{address(online)}?lang=fr"' in frame_snippet(online, "fr")


def test_the_tab_saves_sites_and_says_what_is_none(backoffice, online):
    url = f"/admin/landing-pages/{online.pk}/embed/"
    refused = backoffice.post(url, {"origins": "http://www.example.org", "revision": online.revision})
    saved = backoffice.post(url, {"origins": SITE, "revision": online.revision})
    stale = backoffice.post(url, {"origins": "https://b.example", "revision": online.revision})

    online.refresh_from_db()
    assert (refused.status_code, saved.status_code, stale.status_code) == (422, 302, 422)
    assert "“http://www.example.org” is no site" in refused.content.decode()
    assert "https://b.example" in stale.content.decode()
    assert online.embed_origins == [SITE]
    assert "&lt;form action=" in backoffice.get(url).content.decode()
