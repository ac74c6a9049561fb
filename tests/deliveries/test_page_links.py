"""The links of a delivery to its preference page and its blocklist page."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from deliveries import blockediting, controls, lifecycle, mailblocks, pagelinks, remedies, rendering, skeleton
from deliveries.models import Delivery
from deliveries.rendering import Renderer
from deliveries.statuses import InvalidTransition
from landingpages import publishing, shelving, templates_builtin
from landingpages.models import LandingPage
from profiles import links
from profiles.links import InvalidLink, Purpose
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory

pytestmark = pytest.mark.django_db

BOTH = "<a href='{{ preferences_url }}'>Preferences</a> <a href='{{ blocklist_url }}'>Nothing any more</a>"
FORM = {"label": "Spring news", "subject": "Hello"}


@pytest.fixture
def make_page(db):
    def run(kind="acquisition", *, online=True, is_default=False, slug=""):
        page = templates_builtin.create_page(kind, label=f"The {slug or kind} page", slug=slug or f"the-{kind}", by="Ana")
        if online:
            publishing.publish(page, by="Ana")
        LandingPage.objects.filter(pk=page.pk).update(is_default=is_default)
        page.refresh_from_db()
        return page

    return run


def errors(delivery):
    return [line.shown for line in delivery.preparation.log.filter(level="error").exclude(text__startswith="Preparation comp")]


def now(delivery):
    """The errors that the rules find in the pinned content today."""
    found = controls.findings(delivery.preparation.content, delivery.preparation)
    return [str(line) for line in found if line.level == "error"]


def options(html, name):
    """Label and whether it is chosen, of every option of a select."""
    select = re.search(rf'<select name="{name}".*?</select>', html, re.DOTALL)[0]
    return [
        (label.strip(), "selected" in attributes) for attributes, label in re.findall(r"<option([^>]*)>([^<]*)</option>", select)
    ]


def test_each_message_links_to_the_pages_as_its_own_person(make_page, make_delivery, prepare, confirm, send_all, smtp, settings):
    settings.PUBLIC_URL = "https://news.example.org"
    preference, blocklist = make_page(), make_page("blocklist")
    people = [ProfileFactory(), ProfileFactory()]
    delivery = make_delivery(html=BOTH, preference_page=preference, blocklist_page=blocklist)
    prepare(delivery)
    confirm(delivery)

    send_all()

    assert delivery.preparation.content["preference_page"] == {"id": preference.pk, "slug": "the-acquisition"}
    assert delivery.preparation.content["blocklist_page"] == {"id": blocklist.pk, "slug": "the-blocklist"}
    for person, accepted in zip(people, sorted(smtp.accepted, key=lambda one: one.to), strict=True):
        for kind in ("plain", "html"):
            body = accepted.mail.get_body((kind,)).get_content()
            found = re.findall(r"https://news\.example\.org/lp/([a-z-]+)/([\w-]{74})", body)
            assert [slug for slug, _token in found] == ["the-acquisition", "the-blocklist"]
            read = [links.read_token(token, Purpose.PAGE) for _slug, token in found]
            assert [(one.public_id, one.delivery, one.page) for one in read] == [
                (person.public_id, delivery.pk, preference.pk),
                (person.public_id, delivery.pk, blocklist.pk),
            ]
            with pytest.raises(InvalidLink):
                links.read_token(found[0][1], Purpose.ONE_CLICK, Purpose.PERSONAL, Purpose.CONFIRM)


def test_what_was_prepared_links_to_the_page_of_then(make_page, make_delivery, prepare):
    page, other = make_page(), make_page(slug="another")
    delivery = make_delivery(html=BOTH, preference_page=page)
    prepared = prepare(delivery)

    Delivery.objects.filter(pk=delivery.pk).update(preference_page=other)

    assert "/lp/the-acquisition/" in Renderer(prepared).values(ProfileFactory())["preferences_url"]


def test_the_link_has_the_slug_that_visitors_can_open(make_page, make_delivery):
    page = make_page()
    LandingPage.objects.filter(pk=page.pk).update(slug="not-published-yet")
    page.refresh_from_db()

    pinned = rendering.pin(make_delivery(preference_page=page))

    assert pinned["preference_page"] == {"id": page.pk, "slug": "the-acquisition"}


@pytest.mark.parametrize("link", ["unsubscribe_url", "preferences_url", "blocklist_url"])
def test_any_of_the_three_links_lets_people_say_no(make_page, make_delivery, prepare, link):
    ProfileFactory()
    pages = {"preference_page": make_page(), "blocklist_page": make_page("blocklist")}
    delivery = make_delivery(html=f"<a href='{{{{ {link} }}}}'>x</a>", text=f"{{{{ {link} }}}}", **pages)

    prepare(delivery)

    assert errors(delivery) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"html": "{{ unsubscribe_url }}", "text": "{{ sender.name }}"},
            ["The text has no unsubscription link: insert the merge field {{ unsubscribe_url }}."],
        ),
        (
            {"html": "{{ preferences_url }}", "text": "{{ unsubscribe_url }}"},
            ["The HTML links to the preference page, but none is chosen."],
        ),
        (
            {"html": "{{ unsubscribe_url }}", "text": "{{ unsubscribe_url }} {{ blocklist_url }}"},
            ["The text links to the blocklist page, but none is chosen."],
        ),
        (
            {"html": BOTH, "text": "{{ unsubscribe_url }}"},
            [
                "The HTML links to the preference page, but none is chosen.",
                "The HTML links to the blocklist page, but none is chosen.",
            ],
        ),
    ],
)
def test_a_link_without_its_page_blocks_the_confirmation(make_delivery, prepare, confirm, fields, expected):
    ProfileFactory()
    delivery = make_delivery(**fields)
    prepare(delivery)

    assert errors(delivery) == expected
    with pytest.raises(InvalidTransition):
        confirm(delivery)
    delivery.refresh_from_db()
    assert delivery.status == "ready"


def _draft(make_page):
    return make_page(online=False)


def _closed(make_page):
    page = make_page()
    publishing.unpublish(page, by="Ana")
    return page


@pytest.mark.parametrize("make", [_draft, _closed])
def test_a_page_that_visitors_cannot_open_blocks_only_who_links_to_it(make_page, make_delivery, prepare, make):
    ProfileFactory()
    page = make(make_page)
    linking = make_delivery(html=BOTH.split()[0] + " href='{{ preferences_url }}'>x</a>", preference_page=page)
    silent = make_delivery(preference_page=page)
    prepare(linking)
    prepare(silent)

    assert errors(linking) == ["The preference page “the-acquisition” is not online: publish it, or choose another."]
    assert errors(silent) == []


def test_a_page_that_was_closed_after_the_preparation_blocks_the_confirmation(
    backoffice, operator, make_page, make_delivery, prepare
):
    ProfileFactory()
    page = make_page()
    delivery = make_delivery(html=BOTH.split()[0] + " href='{{ preferences_url }}'>x</a>", preference_page=page)
    prepare(delivery)
    publishing.unpublish(page, by="Ana")

    shown = backoffice.get(reverse("deliveries:confirm", args=[delivery.pk])).content.decode()
    with pytest.raises(InvalidTransition, match="is not online"):
        lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.confirmed_at) == ("ready", None)
    assert ("is not online" in shown, "Confirm: send to" in shown) == (True, False)


def test_an_expired_page_is_closed_before_the_worker_says_so(make_page, monkeypatch):
    page = make_page(online=False)
    ends = timezone.now() + timedelta(hours=1)
    LandingPage.objects.filter(pk=page.pk).update(expires_at=ends, is_default=True)
    page.refresh_from_db()
    publishing.publish(page, by="Ana")
    before = (pagelinks.find_open(page.pk), pagelinks.defaults()["preference_page"])

    monkeypatch.setattr(timezone, "now", lambda: ends)

    assert before == (page, page)
    assert (pagelinks.find_open(page.pk), pagelinks.defaults()["preference_page"]) == (None, None)


def test_a_new_delivery_starts_with_the_default_pages_and_links_to_the_preferences(backoffice, make_page):
    make_page(is_default=True)
    make_page(slug="another")
    make_page("blocklist", is_default=True)

    html = backoffice.get(reverse("deliveries:add")).content.decode()

    assert options(html, "preference_page") == [
        ("---------", False), ("The another page", False), ("The acquisition page", True),
    ]  # fmt: skip
    assert options(html, "blocklist_page") == [("---------", False), ("The blocklist page", True)]
    assert "{{ preferences_url }}" in skeleton.content()["html"]
    assert "{{ unsubscribe_url }}" in skeleton.content()["html"]


@pytest.mark.parametrize(("online", "is_default"), [(False, True), (True, False)])
def test_a_new_delivery_links_to_no_page_that_is_no_default_or_not_online(backoffice, make_page, online, is_default):
    make_page(online=online, is_default=is_default)

    html = backoffice.get(reverse("deliveries:add")).content.decode()

    shown = "The acquisition page" if online else "The acquisition page (not online)"
    assert options(html, "preference_page") == [("---------", True), (shown, False)]
    assert "{{ preferences_url }}" not in skeleton.content()["html"]


def test_the_picker_offers_both_links(backoffice, make_delivery):
    html = backoffice.get(reverse("deliveries:content", args=[make_delivery().pk])).content.decode()

    assert 'data-insert="{{ preferences_url }}"' in html
    assert 'data-insert="{{ blocklist_url }}"' in html


def test_saving_stores_the_pages_and_duplicating_copies_them(backoffice, make_page):
    pages = {"preference_page": make_page(), "blocklist_page": make_page("blocklist")}
    data = FORM | {name: page.pk for name, page in pages.items()}

    backoffice.post(reverse("deliveries:add"), data)
    backoffice.post(reverse("deliveries:duplicate", args=[Delivery.objects.get().pk]))

    assert (
        list(Delivery.objects.values_list("preference_page", "blocklist_page"))
        == [(pages["preference_page"].pk, pages["blocklist_page"].pk)] * 2
    )


def test_the_delivery_names_its_pages(backoffice, make_page, make_delivery):
    delivery = make_delivery(preference_page=make_page(), blocklist_page=make_page("blocklist"))

    html = backoffice.get(reverse("deliveries:show", args=[delivery.pk])).content.decode()

    assert "<dt>Preference page</dt><dd>The acquisition page</dd>" in html
    assert "<dt>Blocklist page</dt><dd>The blocklist page</dd>" in html


def test_a_page_of_the_other_type_cannot_be_chosen(backoffice, make_page):
    page = make_page("blocklist")

    answer = backoffice.post(reverse("deliveries:add"), FORM | {"preference_page": page.pk})

    assert (answer.status_code, Delivery.objects.count()) == (422, 0)


def test_choosing_another_page_asks_for_a_new_preparation(make_page, make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)

    lifecycle.revise(delivery, {"preference_page": make_page()}, revision=delivery.revision, by="Ana")

    assert (delivery.status, delivery.preparation_id) == ("editing", None)


def test_a_page_that_a_delivery_links_to_cannot_be_deleted(make_page, make_delivery):
    page = make_page(online=False)
    make_delivery(preference_page=page)

    with pytest.raises(IntegrityError), transaction.atomic():
        page.delete()

    assert LandingPage.objects.filter(pk=page.pk).exists()


# The page of a service


TO_SERVICE = "<a href='{{ service_unsubscribe_url }}'>Leave</a>"


@pytest.fixture
def service():
    return ServiceFactory(public_label="The Thursday letter")


def default_page(service, **values):
    return PublishedPageFactory(template="unsubscription", service=service, is_default=True, slug="leave", **values)


def test_the_link_of_a_service_leads_to_its_default_page(make_delivery, prepare, service):
    page, profile = default_page(service), ProfileFactory()
    PublishedPageFactory(template="unsubscription", service=service)

    delivery = make_delivery(service=service, html=TO_SERVICE)
    html = Renderer(prepare(delivery)).html.render(Renderer(delivery.preparation).values(profile))

    token = re.search(r"/lp/leave/([\w-]+)", html)[1]
    link = links.read_token(token, Purpose.PAGE)
    assert (link.public_id, link.page, link.delivery) == (profile.public_id, page.pk, delivery.pk)
    assert errors(delivery) == []


@pytest.mark.parametrize(
    "close", [lambda page: publishing.unpublish(page, by="Ana"), lambda page: LandingPage.objects.update(is_default=False)]
)
def test_without_an_open_default_page_it_is_the_unsubscription_link(make_delivery, prepare, service, close):
    close(default_page(service))

    renderer = Renderer(prepare(make_delivery(service=service, html=TO_SERVICE)))

    values = renderer.values(ProfileFactory())
    assert values["service_unsubscribe_url"] == values["unsubscribe_url"]


def test_a_page_of_a_service_that_was_closed_after_the_preparation_blocks_who_links_to_it(make_delivery, prepare, service):
    page = default_page(service)
    linking, silent = make_delivery(service=service, html=TO_SERVICE), make_delivery(service=service)
    prepare(linking)
    prepare(silent)

    publishing.unpublish(page, by="Ana")

    told = "The unsubscription page “leave” of the service is not online: publish it, or prepare again."
    assert (now(linking), now(silent)) == ([told], [])
    prepare(linking)
    assert errors(linking) == []


def test_a_delivery_for_no_service_cannot_link_to_its_page(make_delivery, prepare):
    delivery = make_delivery(html=TO_SERVICE + "{{ unsubscribe_url }}")
    prepare(delivery)

    told = "The %s links to the unsubscription page of a service, but the delivery is for no service."
    assert errors(delivery) == [told % part for part in ("HTML", "text")]


def test_only_a_service_of_the_channel_can_be_chosen(backoffice, service):
    other = ServiceFactory(channel="sms")

    choices = backoffice.get(reverse("deliveries:add")).context["form"].fields["subscribers"].queryset

    assert (service in choices, other in choices) == (True, False)


# Links by their id in blocks, and by their address


NOT_ONLINE = "A link leads to the landing page “news”, which is not online: publish it, or take the link out."


def by_id(delivery, page):
    text = mailblocks.new("text") | {"html": f'<p><a href="page:{page.pk}">Take part</a></p>'}
    blockediting.begin(delivery, by="Ana")
    blockediting.store(delivery, [*delivery.blocks, text], by="Ana")


def in_the_html(delivery, page):
    delivery.html += f'<a href="{settings.PUBLIC_URL}/lp/{page.slug}?from=mail">Take part</a>'
    delivery.save()


def in_the_text(delivery, page):
    delivery.text = f"Take part: {settings.PUBLIC_URL}/lp/{page.slug}/. {{{{ unsubscribe_url }}}}"
    delivery.save()


LINKS = pytest.mark.parametrize("link", [by_id, in_the_html, in_the_text])


@LINKS
def test_a_linked_page_that_visitors_can_open_is_no_finding(make_page, make_delivery, prepare, link):
    delivery = make_delivery()
    link(delivery, make_page(slug="news"))

    prepare(delivery)

    assert errors(delivery) == []


@LINKS
@pytest.mark.parametrize("make", [_draft, _closed])
def test_a_linked_page_that_is_not_online_is_told_with_the_way_to_publish_it(make_delivery, prepare, make_page, link, make):
    delivery, page = make_delivery(), make(lambda **values: make_page(slug="news", **values))
    link(delivery, page)

    prepare(delivery)

    shown = remedies.with_remedies(delivery.preparation.log.filter(level="error"), delivery)
    publish = reverse("landingpages:publish", args=[page.pk])
    assert [(line.shown, where) for line, where in shown][:-1] == [(NOT_ONLINE, publish)]


@LINKS
def test_a_linked_page_that_was_closed_after_the_preparation_is_told(make_page, make_delivery, prepare, link):
    delivery, page = make_delivery(), make_page(slug="news")
    link(delivery, page)
    prepare(delivery)

    publishing.unpublish(page, by="Ana")

    assert (errors(delivery), now(delivery)) == ([], [NOT_ONLINE])


def test_a_linked_page_that_was_published_after_the_preparation_is_fit(make_page, make_delivery, prepare):
    delivery, page = make_delivery(), make_page(slug="news", online=False)
    by_id(delivery, page)
    prepare(delivery)

    publishing.publish(page, by="Ana")

    assert (errors(delivery), now(delivery)) == ([NOT_ONLINE], [])


def test_a_linked_page_that_was_deleted_is_told(make_page, make_delivery, prepare):
    delivery, page = make_delivery(), make_page(online=False)
    by_id(delivery, page)
    shelving.delete(page)

    prepare(delivery)

    assert errors(delivery) == ["A link leads to a landing page that was deleted: take the link out."]


def test_a_page_of_another_site_with_such_an_address_is_no_finding(make_delivery, prepare):
    delivery = make_delivery(html='<a href="https://example.org/lp/news/">x</a><a href="{{ unsubscribe_url }}">Unsubscribe</a>')

    prepare(delivery)

    assert errors(delivery) == []
