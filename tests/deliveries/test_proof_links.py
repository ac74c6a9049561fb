"""What the links of proofs and previews open: pages that work, write nothing and say so."""

import pytest

from deliveries.harmless import HarmlessRenderer, content_of
from deliveries.models import Tracking
from landingpages import centre
from profiles.links import Purpose, make_token
from profiles.models import Profile
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.visitors import everything, sent, typed

SAID = "This link is part of a proof"
LINKS = ("unsubscribe_url", "preferences_url", "blocklist_url", "preference_centre_url", "service_unsubscribe_url")


@pytest.fixture
def delivery(make_delivery):
    service = ServiceFactory()
    centre.refresh()
    return make_delivery(
        preference_page=PublishedPageFactory(),
        blocklist_page=PublishedPageFactory(template="blocklist", slug="stop"),
        service=service,
        tracking=Tracking.BOTH,
    )


@pytest.fixture
def links(delivery, settings):
    found = HarmlessRenderer(content_of(delivery)).links(Profile())
    return {name: url.removeprefix(settings.PUBLIC_URL) for name, url in found.items()}


@pytest.mark.parametrize("name", LINKS)
def test_link_of_a_proof_opens_the_page_and_says_what_it_is(client, links, name):
    ProfileFactory()
    before = everything()

    response = client.get(links[name])

    assert (response.status_code, SAID in response.content.decode()) == (200, True)
    assert everything() == before


@pytest.mark.parametrize("name", LINKS)
def test_whatever_is_posted_to_a_proof_nothing_is_written(client, links, name):
    ProfileFactory()
    before = everything()

    response = client.post(links[name], sent(client.get(links[name]).content.decode()) | {"confirm": "yes"})

    assert (response.status_code, SAID in response.content.decode()) == (200, True)
    assert everything() == before


def test_form_of_a_proof_answers_as_the_real_one_does(client, delivery, links):
    page = delivery.preference_page
    data = typed(page, opted_out_email="on")
    profile = ProfileFactory(preferred_language="en")

    real = client.post(f"/lp/{page.slug}/{make_token(Purpose.PAGE, profile.public_id, page=page.pk)}", data)
    proof = client.post(links["preferences_url"], data)

    assert real.status_code == proof.status_code == 200
    assert real.content.decode().partition("<main>")[2] == proof.content.decode().partition("<main>")[2]


def test_one_click_on_a_proof_is_answered_and_opts_nobody_out(client, links):
    before = everything()

    response = client.post(links["unsubscribe_url"], {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert everything() == before


@pytest.mark.parametrize("path", ["/t/c/{}", "/t/o/{}", "/c/{}", "/d/{}"])
def test_token_of_a_proof_opens_nothing_else(client, delivery, path):
    token = make_token(Purpose.PROOF, ProfileFactory().public_id, delivery=delivery.pk)

    assert client.get(path.format(token)).status_code == 404


def test_tracked_links_of_a_proof_lead_straight_on(delivery, prepare):
    delivery.html = '<a href="https://example.org/?a=1&amp;b=2">x</a><a href="{{ unsubscribe_url }}">y</a>'
    delivery.save()
    prepare(delivery)
    before = everything()

    data = HarmlessRenderer(content_of(delivery)).message(Profile(), "ana@example.org").data.decode()

    assert "https://example.org/?a=3D1&amp;b=3D2" in data
    assert "/t/" not in data
    assert everything() == before


def test_proof_and_real_link_are_told_apart_whoever_comes_first(client, delivery, links):
    """A page is rendered once for all who see the same: neither may get the other's."""
    page, profile = delivery.preference_page, ProfileFactory(preferred_language="en")
    real = f"/lp/{page.slug}/{make_token(Purpose.PAGE, profile.public_id, page=page.pk)}"

    said = [SAID in client.get(address).content.decode() for address in (real, links["preferences_url"], real)]

    assert said == [False, True, False]
