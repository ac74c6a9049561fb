"""The list with its filters, versions compared, where a page is used, delete and archive."""

import html
from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries.models import Delivery
from landingpages import editing, publishing, scheduling, shelving, usage
from landingpages.models import LandingPage, PublishedVersion
from landingpages.publishing import InvalidPublication
from tests.factories import BrandFactory, LandingPageFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.test_builder_views import read, url

pytestmark = pytest.mark.django_db


def listed(client, **query):
    return [row["page"].label for row in client.get(url("list"), query).context["rows"]]


@pytest.fixture
def pages(db):
    """One page of each kind that the list can be asked for, newest last."""
    LandingPageFactory(label="Draft", template="acquisition", description="About oranges")
    PublishedPageFactory(label="Online", template="blocklist", slug="stop")
    publishing.unpublish(PublishedPageFactory(label="Closed"), by="Ana")
    waits = LandingPageFactory(label="Waits")
    scheduling.schedule(waits, at=timezone.now() + timedelta(days=1), by="Ana")
    shelved = PublishedPageFactory(label="Shelved")
    publishing.unpublish(shelved, by="Ana")
    shelving.archive(shelved, by="Ana")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Waits", "Closed", "Online", "Draft"]),
        ({"q": "clos"}, ["Closed"]),
        ({"q": "stop"}, ["Online"]),
        ({"q": "ORANGES"}, ["Draft"]),
        ({"q": "no such page"}, []),
        ({"q": "nul\0"}, ["Waits", "Closed", "Online", "Draft"]),
        ({"type": "blocklist"}, ["Online"]),
        ({"type": "nonsense"}, ["Waits", "Closed", "Online", "Draft"]),
        ({"status": "online"}, ["Online"]),
        ({"status": "editing"}, ["Waits", "Draft"]),
        ({"status": "closed"}, ["Closed"]),
        ({"status": "scheduled"}, ["Waits"]),
        ({"status": "failed"}, []),
        ({"status": "archived"}, ["Shelved"]),
        ({"status": "editing", "type": "acquisition", "q": "draft"}, ["Draft"]),
    ],
)
def test_the_list_shows_what_is_asked_for(backoffice, pages, query, expected):
    assert listed(backoffice, **query) == expected


def test_the_brand_that_a_page_wears_finds_it(backoffice):
    default, other = BrandFactory(is_default=True), BrandFactory()
    LandingPageFactory(label="Of nobody")
    LandingPageFactory(label="Own", brand=other)
    letter = ServiceFactory(brand=other)
    LandingPageFactory(label="Of its service", template="subscription", service=letter)
    LandingPageFactory(label="Rather the default", template="subscription", service=letter, brand=default)

    assert listed(backoffice, brand=other.pk) == ["Of its service", "Own"]
    assert listed(backoffice, brand=default.pk) == ["Rather the default", "Of nobody"]
    assert len(listed(backoffice, brand="nonsense")) == 4


def test_the_id_of_a_page_finds_it_and_no_other(backoffice):
    first, second = (LandingPageFactory(label=label, slug=label.lower()) for label in ("First", "Second"))

    assert [listed(backoffice, q=code) for code in (first.code, second.code.lower())] == [["First"], ["Second"]]
    assert listed(backoffice, q=str(first.pk)) == ["First"]
    assert listed(backoffice, q="LP999999999999999999999999") == []
    assert first.code in read(backoffice, "list")
    assert first.code in read(backoffice, "build", first.pk)


def test_a_list_of_500_pages_is_paged(backoffice):
    LandingPage.objects.bulk_create(
        LandingPage(label=f"Page {number}", slug=f"page-{number}", type="generic", texts={}) for number in range(500)
    )

    assert listed(backoffice) == [f"Page {number}" for number in range(499, 449, -1)]
    assert listed(backoffice, page=10, type="generic") == [f"Page {number}" for number in range(49, -1, -1)]
    assert "type=generic&amp;page=2" in backoffice.get(url("list"), {"type": "generic"}).content.decode()


def test_an_empty_answer_is_told_apart_from_an_empty_list(backoffice, draft):
    assert "No landing page matches." in read(backoffice, "list", q="nothing")
    LandingPage.objects.all().delete()
    assert "There is no landing page yet." in read(backoffice, "list")


def test_versions_say_who_published_what_and_what_changed(backoffice, online):
    editing.change_page(online, {"preload_data": True, "redirection_url": "https://example.org/"}, by="Ana")
    publishing.publish(online, by="Ben")
    publishing.unpublish(online, by="Ben")
    publishing.publish(online, by="Ben")

    rows = backoffice.get(url("versions", online.pk)).context["rows"]

    assert [(row["version"].number, row["version"].published_by, row["changed"]) for row in rows] == [
        (3, "Ben", []),
        (2, "Ben", ["Preload visitor data: no → yes", "Redirection URL: – → “https://example.org/”"]),
        (1, "Ana Lopes", None),
    ]


def test_versions_that_go_over_the_page_know_the_one_before(backoffice, online):
    for number in range(2, 23):
        PublishedVersion.objects.create(
            page=online, number=number, content=online.version.content | {"label": f"L{number}"}, published_at=timezone.now()
        )

    rows = backoffice.get(url("versions", online.pk)).context["rows"]

    assert len(rows) == 20
    assert rows[-1]["changed"] == ["Label: “L2” → “L3”"]


def test_two_versions_are_compared_block_by_block(backoffice, online):
    name = online.blocks.get(field="last_name")
    editing.change(
        online, name.key, {"texts": {"en": {"label": "Surname"}, "fr": {"label": "Nom"}}, "is_mandatory": False}, by="Ana"
    )
    publishing.publish(online, by="Ana")
    editing.change_page(online, {"expires_at": "2098-07-01T07:00:00+00:00", "time_zone": "Europe/Paris"}, by="Ana")

    told = backoffice.get(url("compare", online.pk), {"from": "1", "to": "2"}).context["told"]
    assert [(line.text, list(line.details)) for line in told] == [
        ("Changed: Text input “Surname”", ["Label (English): “Name” → “Surname”", "Mandatory: yes → no"])
    ]
    told = backoffice.get(url("compare", online.pk), {"from": "2"}).context["told"]
    assert [line.text for line in told] == ["Expiration: – → 1 July 2098 09:00 (Europe/Paris, UTC+02:00)"]
    assert "They say the same." in read(backoffice, "compare", online.pk, **{"from": "1", "to": "1"})
    assert backoffice.get(url("compare", online.pk), {"from": "99", "to": "x"}).status_code == 200


def summaries(page):
    return [(found.title, found.count, [use.label for use in found.first]) for found in usage.uses(page)]


def test_nothing_leads_to_a_new_page(online):
    PublishedPageFactory()
    Delivery.objects.create(label="Other news")

    assert summaries(online) == []


def test_deliveries_services_and_pages_that_lead_to_a_page_are_counted():
    service = ServiceFactory(label="Letter")
    page = PublishedPageFactory(template="unsubscription", service=service, is_default=True, slug="leave")
    other = PublishedPageFactory(label="Redirects", redirection_url="http://localhost:8000/lp/leave/")
    PublishedPageFactory(label="Near", redirection_url="http://localhost:8000/lp/leave-it/")

    assert summaries(page) == [("Services", 1, ["Letter"]), ("Landing pages", 1, ["Redirects"])]
    assert summaries(other) == []


@pytest.mark.parametrize("part", ["content", "confirmation"])
def test_pages_that_link_here_by_its_number_are_counted(part):
    page, other = PublishedPageFactory(slug="target"), PublishedPageFactory(label="Links")
    block = editing.add(other, "rich_text", by="Ana", part=part)
    texts = {code: {"label": f'<p><a href="page:{page.pk}">There</a></p>'} for code in ("en", "fr")}
    editing.change(other, block.key, {"texts": texts}, by="Ana")
    publishing.publish(other, by="Ana")

    assert summaries(page) == [("Landing pages", 1, ["Links"])]
    assert summaries(other) == []


def test_a_delivery_that_links_here_is_told_before_unpublishing(backoffice, online):
    Delivery.objects.create(label="Spring news", preference_page=online)

    text = read(backoffice, "unpublish", online.pk)

    assert "1 delivery links here" in text
    assert "Spring news" in text
    assert "Spring news" in read(backoffice, "uses", online.pk)


def test_a_page_that_was_never_published_is_deleted_for_good(backoffice, draft):
    assert f"Delete “{draft}”?" in read(backoffice, "delete", draft.pk)
    assert LandingPage.objects.count() == 1

    backoffice.post(url("delete", draft.pk))

    assert LandingPage.objects.count() == 0


@pytest.mark.parametrize("is_online", [True, False])
def test_a_page_that_was_published_is_not_deleted(backoffice, online, is_online):
    if not is_online:
        publishing.unpublish(online, by="Ana")

    assert "it cannot be deleted" in read(backoffice, "delete", online.pk)
    response = backoffice.post(url("delete", online.pk), follow=True)

    assert "archive it" in html.unescape(response.content.decode())
    assert LandingPage.objects.filter(pk=online.pk).exists()


def test_a_page_that_a_delivery_names_is_not_deleted(draft):
    Delivery.objects.create(label="Spring news", preference_page=draft)

    with pytest.raises(InvalidPublication, match="Something still links to the page"):
        shelving.delete(draft)

    assert (LandingPage.objects.count(), draft.blocks.count()) == (1, 10)


def test_a_closed_page_goes_to_the_shelf_and_comes_back(backoffice, online):
    publishing.unpublish(online, by="Ana")

    backoffice.post(url("archive", online.pk))
    assert (listed(backoffice), listed(backoffice, status="archived")) == ([], [online.label])
    assert LandingPage.objects.get().archived_by == "Ana Lopes"

    backoffice.post(url("bring_back", online.pk))
    assert (listed(backoffice), listed(backoffice, status="archived")) == ([online.label], [])


@pytest.mark.parametrize("factory", [LandingPageFactory, PublishedPageFactory])
def test_a_page_that_is_not_closed_is_not_archived(backoffice, factory):
    page = factory()

    backoffice.post(url("archive", page.pk))

    assert LandingPage.objects.get().archived_at is None


def test_an_archived_page_is_closed_for_visitors_and_offers_no_publication(backoffice, client, online):
    publishing.unpublish(online, by="Ana")
    shelving.archive(online, by="Ana")

    assert url("publish", online.pk) not in read(backoffice, "build", online.pk)
    assert client.get(f"/lp/{online.slug}/").status_code == 410


LINKS = {
    "elsewhere": ("https://example.org/", []),
    "to a page that is not online": (
        "http://localhost:8000/lp/nowhere/",
        [("warning", "A link leads to the landing page “nowhere”, which is not online.")],
    ),
    "to a page that is online": ("http://localhost:8000/lp/stop/", []),
    "to itself": (
        "http://localhost:8000/lp/mine/",
        [("error", "The redirection URL leads to this page itself: visitors would go in a circle.")],
    ),
    "malformed": ("https://exa mple", [("error", "This link is not a web address: https://exa mple")]),
}


@pytest.mark.parametrize("name", LINKS)
def test_where_the_redirection_leads_is_checked(name):
    target, expected = LINKS[name]
    PublishedPageFactory(template="blocklist", slug="stop")
    page = LandingPageFactory(template="blocklist", slug="mine")
    LandingPage.objects.filter(pk=page.pk).update(redirection_url=target)
    page.refresh_from_db()

    assert [(check.level, check.text) for check in publishing.checks(page) if check.field == "redirection_url"] == expected


def test_a_dead_link_in_a_rich_text_names_its_block(draft):
    block = editing.add(draft, "rich_text", by="Ana")
    said = '<p><a href="http://localhost:8000/lp/gone/">x</a> <a href="https://example.org/">y</a></p>'
    editing.change(draft, block.key, {"texts": {code: {"label": said} for code in ("en", "fr")}}, by="Ana")

    found = [(check.level, check.text) for check in publishing.checks(draft) if check.block_key == str(block.key)]

    assert found == [("warning", "A link leads to the landing page “gone”, which is not online.")]


def test_a_page_that_another_one_links_to_by_its_id_is_used(online):
    other = LandingPageFactory(label="Leads there")
    block = editing.add(other, "rich_text", by="Ana")
    said = f'<p><a href="page:{online.pk}">x</a></p>'
    texts = {code: {"label": said, "help": ""} for code in ("en", "fr")}
    editing.change(other, block.key, {"texts": texts}, by="Ana")
    assert summaries(online) == []

    publishing.publish(other, by="Ana")

    assert summaries(online) == [("Landing pages", 1, ["Leads there"])]


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("acquisition", {}, ["The page has no expiration: it stays online until somebody unpublishes it."]),
        ("acquisition", {"expires_at": "2098-01-01T00:00:00+00:00"}, []),
        ("acquisition", {"expires_at": "2020-01-01T00:00:00+00:00"}, ["The expiration is in the past."]),
        ("blocklist", {}, []),
        (
            "blocklist",
            {"expires_at": "2098-01-01T00:00:00+00:00"},
            ["Links in messages lead to this page for as long as people keep their mail: at its expiration they end."],
        ),
    ],
)
def test_the_expiration_is_checked_by_what_the_page_is_for(template, values, expected):
    page = LandingPageFactory(template=template)
    LandingPage.objects.filter(pk=page.pk).update(**values)
    page.refresh_from_db()

    assert [check.text for check in publishing.checks(page) if check.field == "expires_at"] == expected


def test_checks_are_grouped_with_the_errors_first_and_lead_to_where_they_are_put_right(backoffice, draft):
    editing.remove(draft, draft.blocks.get(kind="button").key, by="Ana")
    editing.change(draft, draft.blocks.get(field="mobile").key, {"field": ""}, by="Ana")

    response = backoffice.get(url("publish", draft.pk))
    text = " ".join(html.unescape(response.content.decode()).split())

    assert [finding.level for finding in response.context["findings"]] == ["error", "error", "warning"]
    assert "2 errors: they stop the publication" in text
    assert "1 warning" in text
    assert f"{url('properties', draft.pk)}#id_expires_at" in text
    assert f"{url('build', draft.pk)}?block={draft.blocks.get(kind='phone').key}" in text
