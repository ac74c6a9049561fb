"""The HTML of the landing pages, public and in the back office, and of the page that people unsubscribe with, validates."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from landingpages import editing, publishing
from landingpages.models import LandingPage
from profiles import pending, subscriptions
from profiles.consent import NO_EVIDENCE
from profiles.links import Purpose, make_token
from profiles.models import PendingChange, Source
from tests import markup
from tests.factories import LandingPageFactory, ProfileFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.visitors import address, link, stamped, token, typed

pytestmark = pytest.mark.django_db
OLD = timedelta(days=31)


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<p>a<div>b</div>", "line 1: <div> inside <p>"),
        ("<ul><p>a</p></ul>", "line 1: <p> is no child of <ul>"),
        ('<a href="/"><button>b</button></a>', "line 1: <button> inside <a>"),
        ("<b><i>a</b></i>", "line 1: </b> closes nothing, or not the innermost"),
        ('<i id="a"></i><b id="a"></b>', 'id="a" 2 times'),
        ('<input aria-describedby="help">', 'aria-describedby="help" names nothing'),
        ('<form hx-boost="true"></form>', "line 1: <form hx-boost> is no attribute of HTML"),
        ('<i class="a" class="b"></i>', "<i> has class twice"),
        ('<input type="hidden" aria-label="a">', "line 1: a hidden input with an aria attribute"),
        ("<section>", "<section> is never closed"),
        ('<img src="x">', "line 1: <img> without alt"),
    ],
)
def test_what_templates_break_is_found(html, fault):
    around = '<!doctype html><html lang="en"><head><title>a</title></head><body><main><h1>b</h1>{}</main></body></html>'

    assert markup.faults(around.format("")) == []
    assert fault in markup.faults(around.format(html))


@pytest.fixture
def marie():
    return ProfileFactory(first_name="Marie", last_name='D"upont <b>', email="marie@example.org", mobile="+33612345678")


@pytest.fixture
def online():
    """All kinds of blocks, with help and markup in their texts."""
    page = LandingPageFactory(label='Vos "préférences" & <b>')
    help_texts = {code: {"label": 'A "label" & <b>', "help": "Help & <i>"} for code in ("en", "fr")}
    for field in ("city", "country", "preferred_language", "opted_out_all"):
        block = editing.add(page, "checkbox" if field == "opted_out_all" else "text_input", by="Ana")
        editing.change(page, block.key, {"field": field, "texts": help_texts}, by="Ana")
    for kind in ("heading", "text"):
        editing.change(page, editing.add(page, kind, by="Ana").key, {"texts": help_texts}, by="Ana")
    publishing.publish(page, by="Ana")
    return page


def filled(page, **values):
    """What the page asks for of these values."""
    bound = {block["field"] for block in page.version.content["blocks"]}
    return typed(page, **{field: value for field, value in values.items() if field in bound})


def visits(page, marie):
    """Every answer that a visitor can get of a page: what is sent to which address."""
    mine, old, fresh = link(page, marie), link(page, marie, age=OLD), address(page) + "fresh-link/"
    wrong = filled(page, email="x", mobile="x", country="x", last_name="\u2028")
    return [
        *((url, None) for url in (address(page), fresh, mine, old, address(page) + "nonsense/")),
        *((url, {}) for url in (address(page), mine, old)),
        (address(page), wrong),
        (address(page), stamped(page) | filled(page, last_name="Petit", email="petit@example.org")),
        (address(page), {"x": "x" * 70_000}),
        (fresh, {"address": "x"}),
        (fresh, stamped(page) | {"address": marie.email}),
        (mine, wrong),
        (mine, filled(page, email="new@example.org", mobile="+33699999999")),
        (mine, {"fresh-link": "yes"}),
        (mine, {"undo": "yes"}),
        (old, {"stop": ["email"]}),
    ]


def answers(client, asked):
    return {(url, str(data)[:60]): client.get(url) if data is None else client.post(url, data) for url, data in asked}


def faulty(responses):
    return {asked: found for asked, response in responses.items() if (found := markup.faults(response.content.decode()))}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_visitors_see_validates(online, marie, language):
    visitor = Client(headers={"accept-language": language})
    blocklist = PublishedPageFactory(template="blocklist", acts_on_arrival=True)
    pending.ask(marie, address=marie.email, fields={"city": "<b>"}, choices={"sms": True}, source=Source.LANDING_PAGE,
                evidence=NO_EVIDENCE)  # fmt: skip
    confirm = "/c/" + make_token(Purpose.CONFIRM, PendingChange.objects.get().public_id)
    closed = PublishedPageFactory()
    publishing.unpublish(closed, by="Ana")
    asked = [
        *visits(online, marie),
        *visits(blocklist, marie),
        (address(closed), None),
        (link(closed, marie), None),
        ("/lp/none/", None),
        (confirm, None),
        (confirm, {}),
        ("/c/x", None),
        *(("/u/" + token(online, marie, purpose=purpose), None) for purpose in Purpose),
        ("/u/" + token(online, marie, purpose=Purpose.PERSONAL), {}),
        ("/u/" + token(online, marie, purpose=Purpose.PERSONAL), {"scopes": ["sms"]}),
        ("/u/" + token(online, marie, purpose=Purpose.ONE_CLICK), {"confirm": "yes"}),
    ]  # fmt: skip

    responses = answers(visitor, asked)

    assert {response.status_code for response in responses.values()} == {200, 404, 409, 410, 413, 422}
    assert faulty(responses) == {}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_marketers_see_validates(backoffice, online, marie, language):
    backoffice.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    editing.change(online, online.blocks.first().key, {"texts": {}}, by="Ana")
    LandingPageFactory(template="blocklist", slug="other")
    backoffice.post(link(online, marie), typed(online, opted_out_sms="on"))
    service = ServiceFactory()
    subscriptions.subscribe(marie, service, source=Source.LANDING_PAGE)
    build = f"/admin/landing-pages/{online.pk}/"
    other = f"/admin/landing-pages/{LandingPage.objects.get(slug='other').pk}/"
    asked = [
        ("/admin/landing-pages/", None),
        ("/admin/landing-pages/new/", None),
        ("/admin/landing-pages/new/", {"slug": "X Y"}),
        ("/admin/landing-pages/new/?template=subscription", None),
        ("/admin/landing-pages/new/", {"template": "acquisition", "slug": "X Y"}),
        ("/admin/landing-pages/?q=nothing", None),
        ("/admin/landing-pages/templates/", None),
        *((page + end, None) for page in (build, other) for end in ("uses/", "duplicate/", "save-as-template/", "delete/")),
        *((page + end, None) for page in (build, other) for end in ("versions/compare/", "versions/compare/?from=1")),
        (other + "publish/", {"schedule": "yes", "at": "x", "revision": "0"}),
        *((f"{build}?block={block.key}", None) for block in online.blocks.all()),
        *((page + end, None) for page in (build, other) for end in ("", "properties/", "publish/", "versions/", "preview/")),
        *((build + end, None) for end in ("unpublish/", "?part=confirmation", "?part=error", "preview/?part=confirmation")),
        (build + "properties/", {"slug": "other", "redirection_url": "x", "expires_at": "x", "revision": "0"}),
        (build, {"block": online.blocks.first().key, "kind": "heading", "block-label_en": "x" * 301}),
        (build, {"do": "add:text", "revision": "0"}),
        (f"/admin/profiles/profile/{marie.pk}/change/", None),
        (reverse("profiles:consent_history", args=[marie.pk]), None),
        (reverse("profiles:subscriptions", args=[marie.pk]), None),
        (reverse("admin:profiles_service_add"), {"label": ""}),
        (reverse("admin:profiles_service_change", args=[service.pk]), None),
        (reverse("landingpages:for_service", args=[service.pk]), None),
        *((reverse(f"profiles:service_{name}", args=[service.pk]), None) for name in ("subscriptions", "history", "dashboard")),
        (reverse("profiles:service_list", args=[service.pk]), {"act": "subscribe", "text": "nobody@example.org\nnonsense"}),
        *((reverse(f"profiles:{name}", args=[marie.pk]), None) for name in ("merge", "access", "erase")),
        (reverse("profiles:merge", args=[marie.pk]) + f"?with={ProfileFactory().pk}", None),
    ]

    responses = answers(backoffice, asked)

    assert {response.status_code for response in responses.values()} == {200, 409, 422}
    assert faulty(responses) == {}
