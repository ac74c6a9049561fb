"""Templates, built in and of one's own, and pages that start from them."""

import html

import pytest
from django.core.exceptions import ValidationError

from landingpages import copying, editing, outlines, publishing
from landingpages.models import LandingPage
from landingpages.templates_builtin import TEMPLATES
from profiles.models import Service
from tests.factories import LandingPageFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages.test_builder_views import read, url
from tests.landingpages.test_dates import sent

pytestmark = pytest.mark.django_db


def content(page):
    """What a visitor would see of it, whatever it is called and wherever it is."""
    own = publishing.snapshot(page)
    return {name: value for name, value in own.items() if name not in ("slug", "label")}


@pytest.fixture
def template(online):
    return copying.save_as_template(online, label="House style", description="For newsletters", by="Ana")


def test_a_template_of_a_page_says_what_the_page_says_and_is_not_online(online, template):
    assert content(template) == content(online)
    assert (template.is_template, template.status, template.version, template.is_default) == (True, "editing", None, False)
    assert [block.key for block in template.blocks.all()] == [block.key for block in online.blocks.all()]


def test_a_template_and_its_page_share_nothing(online, template):
    editing.change(
        template, template.every_block.filter(part="confirmation").get().key, {"texts": {"en": {"label": "No"}}}, by="Ana"
    )
    editing.remove(template, template.blocks.first().key, by="Ana")

    stored = LandingPage.objects.get(pk=online.pk)
    told = stored.every_block.filter(part="confirmation").get()
    assert told.texts["en"]["label"] == "Your choices are recorded."
    assert (stored.blocks.count(), template.blocks.count()) == (10, 9)


def test_a_page_from_an_own_template_is_a_copy_with_a_name_of_its_own(template):
    page = copying.create_from(str(template.pk), label="April", slug="april", by="Ben", service=None, description="Spring")

    assert content(page) == content(template)
    assert (page.label, page.slug, page.is_template, page.created_by, page.description) == (
        "April",
        "april",
        False,
        "Ben",
        "Spring",
    )
    publishing.publish(page, by="Ben")


def test_a_copy_has_no_dates_and_is_no_default():
    service = ServiceFactory()
    page = PublishedPageFactory(template="unsubscription", service=service, is_default=True, expires_at="2099-01-01T00:00Z")

    made = copying.copy(page, label="Other", slug="other", by="Ana")

    assert (made.is_default, made.expires_at, made.deploys_at, made.version, made.service) == (False, None, None, None, service)
    assert LandingPage.objects.get(pk=page.pk).is_default


def test_a_copy_at_a_taken_address_is_refused_whole(online):
    with pytest.raises(ValidationError):
        copying.copy(online, label="x", slug=online.slug, by="Ana")

    assert LandingPage.objects.count() == 1


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_built_in_template_is_duplicated_and_stays_as_it_is(name):
    made = copying.duplicate_built_in(name, by="Ana")
    editing.remove(made, made.blocks.first().key, by="Ana")

    assert (made.is_template, made.type) == (True, TEMPLATES[name].type)
    assert len(TEMPLATES[name].blocks) == made.blocks.count() + 1


def test_offers_are_the_built_in_ones_and_then_the_own_ones(template):
    offers = outlines.offers()

    assert [offer.name for offer in offers] == [*TEMPLATES, str(template.pk)]
    assert [block.text for block in offers[0].blocks] == ["Register", "Name", "Email", "Mobile", "Register"]
    assert [block.is_mandatory for block in offers[0].blocks] == [False, True, True, False, False]
    assert (len(offers[-1].blocks), offers[-1].more) == (9, 1)


def test_offers_cost_the_same_number_of_queries_however_many(django_assert_num_queries, template):
    for _ in range(2):
        with django_assert_num_queries(2):
            outlines.offers()
        copying.save_as_template(template, label="Another", description="", by="Ana")


def test_the_first_step_offers_templates_and_the_second_names_the_page(backoffice, template):
    first = read(backoffice, "add")
    assert f'href="?template={template.pk}"' in first
    assert 'href="?template=acquisition"' in first

    second = read(backoffice, "add", template=template.pk)
    assert "House style" in second
    response = backoffice.post(url("add"), {"template": template.pk, "label": "April", "slug": "", "description": "Spring"})

    page = LandingPage.objects.get(slug="april")
    assert response["Location"] == url("build", page.pk)
    assert (page.is_template, page.description, page.blocks.count()) == (False, "Spring", 10)


def test_the_service_that_was_asked_for_is_kept_through_the_steps(backoffice):
    service = ServiceFactory()

    assert (
        f"template=subscription&amp;service={service.pk}" in backoffice.get(url("add"), {"service": service.pk}).content.decode()
    )
    assert f'<option value="{service.pk}" selected' in read(backoffice, "add", template="subscription", service=service.pk)


def test_a_page_is_saved_as_a_template_and_duplicated(backoffice, online):
    backoffice.post(url("save_as_template", online.pk), {"label": "House style", "description": "d"})
    backoffice.post(url("duplicate", online.pk), {"label": "Copy", "slug": "copy", "description": ""})

    template, copied = LandingPage.objects.get(label="House style"), LandingPage.objects.get(label="Copy")
    assert (template.is_template, copied.is_template, copied.slug, copied.status) == (True, False, "copy", "editing")
    assert content(template) == content(copied) == content(online)


@pytest.mark.parametrize(
    ("view", "bad"), [("duplicate", {"slug": "É !"}), ("duplicate", {"label": ""}), ("save_as_template", {"label": ""})]
)
def test_a_bad_name_for_a_copy_is_told_and_nothing_typed_is_lost(backoffice, online, view, bad):
    response = backoffice.post(url(view, online.pk), {"label": "Mine", "slug": "mine", "description": "Typed"} | bad)

    assert (response.status_code, LandingPage.objects.count()) == (422, 1)
    assert "Typed" in html.unescape(response.content.decode())


def test_templates_are_listed_apart_from_pages(backoffice, online, template):
    pages, templates = read(backoffice, "list"), read(backoffice, "templates")

    assert "House style" not in pages
    assert "House style" in templates
    assert url("duplicate_built_in", "acquisition") in templates


def test_a_built_in_template_is_duplicated_by_its_button(backoffice):
    response = backoffice.post(url("duplicate_built_in", "blocklist"))

    made = LandingPage.objects.get()
    assert (made.is_template, made.label, response["Location"]) == (True, "Blocklist (copy)", url("build", made.pk))
    assert backoffice.post(url("duplicate_built_in", "nonsense")).status_code == 404
    assert backoffice.get(url("duplicate_built_in", "blocklist")).status_code == 405
    assert LandingPage.objects.count() == 1


def test_a_template_is_edited_in_the_builder_and_offers_no_publication(backoffice, template):
    shown = read(backoffice, "build", template.pk)

    assert "New page from it" in shown
    assert url("publish", template.pk) not in shown
    assert backoffice.get(url("publish", template.pk))["Location"] == url("build", template.pk)


def test_properties_of_a_template_rename_it_and_have_no_dates(backoffice, template):
    form = backoffice.get(url("properties", template.pk)).context["form"]
    assert not {"slug", "deploys_at", "expires_at", "time_zone", "is_default"} & form.fields.keys()

    response = backoffice.post(url("properties", template.pk), sent(form, label="Renamed"))

    assert response.status_code == 302
    assert copying.templates().values_list("label", flat=True).get() == "Renamed"


def test_templates_are_no_pages_of_a_service(backoffice):
    page = LandingPageFactory(template="subscription", service=ServiceFactory(), label="The page")
    copying.save_as_template(page, label="The template", description="", by="Ana")

    shown = read(backoffice, "for_service", Service.objects.get().pk)

    assert "The page" in shown
    assert "The template" not in shown
