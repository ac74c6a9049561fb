"""The part of a page's properties that says what a submission does: what is stored, and what is refused where."""

import html

import pytest

from landingpages import editing
from landingpages.models import LandingPage
from tests.factories import LandingPageFactory, ServiceFactory
from tests.landingpages.test_builder_views import read, url
from tests.landingpages.visitors import sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def save(backoffice):
    """Send the properties as they are shown, but for what is typed; the answer."""

    def act(page, **typed):
        as_shown = shown(backoffice, page)
        changed = {name.replace("__", "-", 1): value for name, value in typed.items()}
        return backoffice.post(url("properties", page.pk), {**as_shown, **changed})

    return act


def shown(backoffice, page):
    return sent(backoffice.get(url("properties", page.pk)).content.decode())


def stored(page):
    return LandingPage.objects.get(pk=page.pk)


def test_saving_as_shown_changes_nothing(save, draft):
    before = LandingPage.objects.values().get()

    assert save(draft).status_code == 302

    assert LandingPage.objects.values().get() == before


def test_the_key_and_its_mapping(save, draft):
    response = save(
        draft,
        key__last_name="form:last_name",
        key__country="constant",
        key__country_constant="France",
        key__postal_code="form:mobile",
    )

    assert response.status_code == 302
    page = stored(draft)
    assert page.reconciliation_key == "email+last_name+postal_code+country"
    assert page.key_mapping == {"country": {"constant": "FR"}, "postal_code": {"form": "mobile"}}


def test_additional_data_is_normalised_and_comes_back_as_it_was_typed(save, backoffice, draft):
    response = save(
        draft, data__field_0="country", data__value_0="fr".upper(), data__field_1="opted_out_sms", data__value_1=" Yes ",
        data__field_2="city", data__value_2="  Lyon ",
    )  # fmt: skip

    assert response.status_code == 302
    assert stored(draft).additional_data == {"country": "FR", "opted_out_sms": True, "city": "Lyon"}
    as_shown = shown(backoffice, draft)
    assert [as_shown[f"data-value_{number}"] for number in range(4)] == ["Lyon", "FR", "yes", ""]

    save(draft, data__field_1="", data__value_1="", data__field_5="state", data__value_5="x")
    assert stored(draft).additional_data == {"opted_out_sms": True, "city": "Lyon", "state": "x"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"key__email": ""}, "The key needs an email, a mobile or an external ID that comes from a block."),
        ({"key__email": "constant", "key__email_constant": "a@example.org"}, "The key needs an email, a mobile"),
        ({"key__country": "constant"}, "Write the constant."),
        ({"key__birth_date": "constant", "key__birth_date_constant": "31/31"}, "Enter a valid date."),
        ({"key__email": "form:nothing"}, "Select a valid choice."),
        ({"job__specific_action": "subscription"}, "Choose the service that the page is about."),
        ({"job__specific_action": "subscription", "job__service_from_url": "yes"}, "Choose at least one service."),
        ({"job__specific_action": "everything"}, "Select a valid choice."),
        ({"data__field_0": "city"}, "Write the value."),
        ({"data__value_0": "Lyon"}, "Choose the field that this value belongs to."),
        ({"data__field_0": "opted_out_all", "data__value_0": "no"}, "A page can only tick this box: write yes."),
        ({"data__field_0": "opted_out_all", "data__value_0": "perhaps"}, "Write yes or no."),
        ({"data__field_0": "email", "data__value_0": "a@example.org"}, "Select a valid choice."),
        ({"data__field_0": "gender", "data__value_0": "x"}, "Select a valid choice."),
        ({"data__field_0": "city", "data__value_0": "a\u202eb"}, "Remove the characters that cannot be seen."),
        (
            {"data__field_0": "city", "data__value_0": "A", "data__field_1": "city", "data__value_1": "B"},
            "Another line fills this field.",
        ),
        ({"message__message": "custom"}, "Write the message in at least one language."),
        ({"message__subject_en": "Hello"}, "Write the subject and the text, or neither."),
        ({"message__subject_en": "Hello {name}", "message__text_en": "x"}, "“{name}” is no placeholder."),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_stored(save, draft, typed, message):
    before = LandingPage.objects.values().get()

    response = save(draft, label="Typed", **typed)

    assert response.status_code == 422
    text = html.unescape(response.content.decode())
    assert message in text
    assert 'value="Typed"' in text
    assert LandingPage.objects.values().get() == before


def test_a_page_that_serves_several_services_names_them_for_good(save, backoffice, draft):
    first, second = ServiceFactory(public_label="Thursday letter"), ServiceFactory(public_label="Thursday letter")
    chosen = {"job__specific_action": "subscription", "job__service_from_url": "yes"}

    assert save(draft, **chosen, job__served=[str(first.pk), str(second.pk)]).status_code == 302
    assert stored(draft).served == {"thursday-letter": first.pk, "thursday-letter-2": second.pk}
    assert f"/lp/{draft.slug}/?service=thursday-letter-2" in read(backoffice, "properties", draft.pk)

    first.delete()
    save(draft, job__served=[str(second.pk)])
    assert stored(draft).served == {"thursday-letter-2": second.pk}
    save(draft, job__specific_action="none")
    page = stored(draft)
    assert (page.specific_action, page.service_from_url, page.served, page.service) == ("none", False, {}, None)


def test_a_type_that_acts_keeps_its_action(save):
    page = LandingPageFactory(template="blocklist")

    save(page, job__specific_action="none", job__service="1", job__on_match="refuse")

    assert (stored(page).specific_action, stored(page).on_match) == ("blocklist", "refuse")


def test_the_message_and_the_switches(save, draft):
    save(
        draft, message__message="custom", message__subject_en="Hi {page}", message__text_en="Line 1\nLine 2",
        job__double_opt_in="on", job__on_match="update",
    )  # fmt: skip

    page = stored(draft)
    assert (page.message, page.double_opt_in, page.on_match, page.log_responses) == ("custom", True, "update", True)
    assert page.message_texts["en"] == {"subject": "Hi {page}", "text": "Line 1\nLine 2"}


def test_two_who_edit_keep_what_each_changed(backoffice, draft):
    as_shown = shown(backoffice, draft)
    editing.change_page(draft, {"on_match": "refuse", "double_opt_in": True}, by="Ben")

    refused = backoffice.post(url("properties", draft.pk), {**as_shown, "data-field_0": "city", "data-value_0": "Lyon"})
    assert (refused.status_code, stored(draft).additional_data) == (422, {})
    backoffice.post(url("properties", draft.pk), sent(refused.content.decode()))

    page = stored(draft)
    assert (page.on_match, page.double_opt_in, page.additional_data) == ("refuse", True, {"city": "Lyon"})
