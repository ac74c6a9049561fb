"""Agreements, constants, choices, dates: what each kind reads, and that nothing else is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landingpages import editing, forms, publishing
from landingpages.block_form import BlockForm
from landingpages.models import BlockKind, Submission
from profiles.models import ConsentEvent, CustomField
from tests.factories import LandingPageFactory, ProfileFactory
from tests.landingpages.visitors import address, link, stranger, typed

pytestmark = pytest.mark.django_db


def add(page, kind, **values):
    return editing.change(page, editing.add(page, kind, by="Ana").key, values, by="Ana")


def found(page):
    """The errors and warnings of the checks, by level."""
    return [(check.level, check.text) for check in publishing.checks(page) if check.field != "expires_at"]


def test_a_constant_is_written_and_never_taken_from_the_visitor(anonymous):
    page, marie = LandingPageFactory(), ProfileFactory()
    block = add(page, "hidden", field="city", options={"value": "Lyon"})
    publishing.publish(page, by="Ana")
    name = forms.field_name({"key": str(block.key)})

    assert name not in anonymous.get(link(page, marie)).content.decode()
    anonymous.post(link(page, marie), typed(page, last_name="Dupont", email=marie.email) | {name: "Paris", "city": "Paris"})

    marie.refresh_from_db()
    assert marie.city == "Lyon"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("country", "ZZ", "The constant cannot be stored: Select a valid choice. ZZ is not one of the available choices."),
        ("city", "", "The constant cannot be stored: Write the value that is stored."),
        ("email", "x@example.org", "A block of the type “Hidden constant” cannot fill the field “Email”."),
        (
            "opted_out_all",
            "yes",
            "A block of the type “Hidden constant” cannot fill the field “No longer contact (by any channel)”.",
        ),
    ],
)
def test_a_constant_that_cannot_be_stored_is_an_error(field, value, says):
    page = LandingPageFactory(template="blocklist")
    add(page, "hidden", field=field, options={"value": value})

    assert ("error", says) in found(page)


def test_without_the_agreement_nothing_is_taken_and_its_message_is_read(anonymous):
    page, marie = LandingPageFactory(), ProfileFactory()
    texts = {"en": {"label": "I agree", "message": "We need your agreement, {{ profile.first_name | default: 'friend' }}."}}
    block = add(page, "agreement", texts=texts)
    publishing.publish(page, by="Ana")
    data = typed(page, last_name="Dupont", email=marie.email, opted_out_sms="on")

    refused = anonymous.post(link(page, marie) + "?lang=en", data)
    assert (refused.status_code, "We need your agreement, friend." in refused.content.decode()) == (422, True)
    assert not ConsentEvent.objects.exists()
    anonymous.post(link(page, marie) + "?lang=en", data | {forms.field_name({"key": str(block.key)}): "on"})

    assert ConsentEvent.objects.get().wording == "☑ Stop sending me text messages · ☑ I agree"


def test_a_stranger_s_agreement_is_kept_with_its_text(anonymous, settings):
    page = LandingPageFactory()
    block = add(page, "agreement", texts={"en": {"label": "I agree"}, "fr": {"label": "J’accepte"}})
    publishing.publish(page, by="Ana")
    data = stranger(page, last_name="Petit", email="petit@example.org") | {forms.field_name({"key": str(block.key)}): "on"}

    assert anonymous.post(address(page) + "?lang=fr", data).status_code == 200

    assert Submission.objects.get().data[f"agreement:{block.key}"] == "J’accepte"


def test_an_agreement_stays_mandatory_and_bound_to_nothing():
    page = LandingPageFactory()
    block = add(page, "agreement", is_mandatory=False, field="city", is_positive=True)

    assert (block.is_mandatory, block.field, block.is_positive) == (True, "", False)


@pytest.mark.parametrize(
    ("kind", "field", "sent", "stored"),
    [
        ("radio", "gender", "female", "female"),
        ("choice", "country", "FR", "FR"),
        ("date", "birth_date", "1984-02-29", "1984-02-29"),
        ("long_text", "street", "12 rue des Lilas\r\nBâtiment B", "12 rue des Lilas Bâtiment B"),
        ("number", "postal_code", "75011", "75011"),
        ("phone", "phone", "01 23 45 67 89", "01 23 45 67 89"),
        ("radio", "custom.member", "yes", True),
        ("choice", "custom.colour", "red", "red"),
        ("number", "custom.size", "38,5", 38.5),
        ("date", "custom.since", "2020-05-17", "2020-05-17"),
    ],
)
def test_each_kind_gives_what_its_field_stores(kind, field, sent, stored):
    types = {"size": "number", "since": "date", "member": "yes_no", "colour": "choice"}
    for key, type_ in types.items():
        CustomField.objects.create(key=key, label=key, type=type_, options=["red"] if type_ == "choice" else [])
    page = LandingPageFactory(template="blocklist")
    block = add(page, kind, field=field)
    form = forms.form_class(publishing.snapshot(page), "en")({forms.field_name({"key": str(block.key)}): sent})

    assert form.is_valid(), form.errors
    assert form.bound_values() == {field: stored}


@pytest.mark.parametrize(
    ("kind", "field", "sent"),
    [
        ("number", "postal_code", "abc"),
        ("radio", "gender", "other"),
        ("date", "birth_date", "31/02/2000"),
        ("long_text", "street", "a\x1bb"),
    ],
)
def test_what_does_not_suit_the_kind_is_told(kind, field, sent):
    page = LandingPageFactory(template="blocklist")
    block = add(page, kind, field=field)
    form = forms.form_class(publishing.snapshot(page), "en")({forms.field_name({"key": str(block.key)}): sent})

    assert not form.is_valid()


def test_a_kind_that_does_not_suit_is_a_warning_and_one_that_cannot_hold_an_error():
    page = LandingPageFactory(template="blocklist")
    add(page, "number", field="postal_code")
    add(page, "date", field="mobile")

    assert found(page) == [
        ("warning", "The type “Number” does not suit the field “Postal code”."),
        ("error", "A block of the type “Date” cannot fill the field “Mobile”."),
    ]


def test_radio_buttons_are_one_group_with_a_name_and_its_errors(anonymous):
    page = LandingPageFactory()
    block = add(page, "radio", field="gender", is_mandatory=True)
    publishing.publish(page, by="Ana")
    name = forms.field_name({"key": str(block.key)})

    html = anonymous.post(address(page) + "?lang=en", stranger(page)).content.decode()

    assert f'<fieldset id="id_{name}" aria-describedby=" id_{name}_error"><legend>Choice' in html
    assert html.count(f'type="radio" name="{name}"') == 3


@given(
    st.dictionaries(
        st.text(max_size=40) | st.sampled_from(["city", "email", "opted_out_all", "pk"]), st.text(max_size=20), max_size=8
    )
)
def test_no_key_beyond_the_bound_and_visible_inputs_is_read(extra):
    content = {
        "type": "acquisition",
        "label": "x",
        "languages": ["en"],
        "settings": {"preload_data": False},
        "blocks": [
            block("11111111-1111-1111-1111-111111111111", "text_input", "last_name"),
            block("22222222-2222-2222-2222-222222222222", "hidden", "city", options={"value": "Lyon"}),
            block(
                "33333333-3333-3333-3333-333333333333",
                "checkbox",
                "opted_out_sms",
                visible_when={"field": "city", "operator": "filled", "value": ""},
            ),
        ],
    }
    form = forms.form_class(content, "en")
    hidden = {"b_" + "2" * 32: "Paris", "b_" + "3" * 32: "on"}
    own = {"b_" + "1" * 32: "Dupont"}

    sent = form({**extra, **hidden, **own})

    assert sent.is_valid()
    assert sent.bound_values() == {"last_name": "Dupont", "city": "Lyon"}
    assert set(sent.data) == set(own)


def block(key, kind, field, **more):
    texts = {"en": {"label": "x", "help": ""}}
    return {"key": key, "kind": kind, "field": field, "is_positive": False, "is_mandatory": False, "texts": texts, **more}


def as_shown(form):
    """What a browser sends for a form that nobody touched: a list without a choice shows its first one."""
    sent = {}
    for field in form:
        value = field.value()
        options = [str(code) for code, _label in getattr(field.field, "choices", [])]
        text = "" if value is None or value is False else str(value)
        sent[field.html_name] = text if not options or text in options else options[0]
        sent[field.html_initial_name] = "" if value is None or value is False else str(value)
    return {name: text for name, text in sent.items() if text != ""}


@pytest.mark.parametrize("kind", BlockKind.values)
def test_settings_that_nobody_touched_are_no_change(kind):
    page = LandingPageFactory()
    block = editing.add(page, kind, by="Ana", part="confirmation" if kind == BlockKind.LINK else "content")

    assert BlockForm.of(block, as_shown(BlockForm.of(block))).changed_data == []
