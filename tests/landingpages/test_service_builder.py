"""The builder and the properties, where a page is about a service."""

import pytest

from landingpages.models import LandingPage
from tests.factories import LandingPageFactory, ServiceFactory
from tests.landingpages.test_builder_views import press, read, url
from tests.landingpages.visitors import sent

pytestmark = pytest.mark.django_db
__all__ = ["press"]  # a fixture


def test_a_box_about_a_service_is_added_and_set(press, backoffice, draft):
    service = ServiceFactory(label="Thursday letter")

    press(draft, "add:service")
    draft.refresh_from_db()
    block = draft.blocks.get(kind="service")
    assert (block.service, block.is_positive) == (None, True)
    assert "Choose the service that this box is about." in read(backoffice, "build", draft.pk)

    press(draft, "save", block=block, typed={"block-service_id": service.pk, "block-is_positive": "no"})
    block.refresh_from_db()
    assert (block.service, block.is_positive, block.field, block.is_mandatory) == (service, False, "", False)
    page = read(backoffice, "build", draft.pk, block=block.key)
    assert '<span class="bound">Thursday letter</span>' in page

    press(draft, f"duplicate:{block.key}")
    assert draft.blocks.filter(kind="service", service=service).count() == 2


def test_a_service_that_does_not_exist_is_refused(press, draft):
    press(draft, "add:service")
    draft.refresh_from_db()
    block = draft.blocks.get(kind="service")

    response = press(draft, "save", block=block, typed={"block-service_id": "0"})

    assert response.status_code == 422
    assert draft.blocks.get(kind="service").service is None


def test_a_new_page_about_a_service_needs_one(backoffice):
    service = ServiceFactory()
    data = {"template": "subscription", "label": "Subscribe", "slug": "subscribe"}

    assert backoffice.post(url("add"), data).status_code == 422
    assert LandingPage.objects.count() == 0
    assert backoffice.post(url("add"), data | {"service": service.pk}).status_code == 302
    page = LandingPage.objects.get()
    assert (page.type, page.service) == ("subscription", service)


def test_a_page_of_another_type_takes_no_service(backoffice):
    data = {"template": "acquisition", "label": "Hello", "slug": "hello", "service": ServiceFactory().pk}

    backoffice.post(url("add"), data)

    assert LandingPage.objects.get().service is None


def test_properties_say_for_which_service_the_page_is_the_default(backoffice):
    service, other = ServiceFactory(), ServiceFactory()
    page = LandingPageFactory(template="unsubscription", service=service)
    former = LandingPageFactory(template="unsubscription", service=other, is_default=True)
    data = sent(backoffice.get(url("properties", page.pk)).content.decode()) | {"job-service": other.pk}

    response = backoffice.post(url("properties", page.pk), data | {"is_default": "on"})

    assert response.status_code == 302
    kept = [LandingPage.objects.values_list("service", "is_default").get(pk=one.pk) for one in (page, former)]
    assert kept == [(other.pk, True), (other.pk, False)]
    assert "Default page of its service" in read(backoffice, "properties", page.pk)


def test_the_pages_of_a_service_are_listed_with_what_is_missing(backoffice):
    service = ServiceFactory()
    page = LandingPageFactory(template="subscription", service=service, label="Subscribe to it")
    LandingPageFactory(label="Another page")

    fragment = backoffice.get(url("for_service", service.pk), headers={"hx-request": "true"}).content.decode()

    assert ("Subscribe to it" in fragment, "Another page" in fragment, "<html" in fragment) == (True, False, False)
    assert f"service={service.pk}" in fragment
    assert page.label in read(backoffice, "for_service", service.pk)
