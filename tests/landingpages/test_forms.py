"""The one form of preview, public page and submission: what it reads, what it shows, what it gives."""

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import translation

from landingpages import editing, forms, publishing
from landingpages.forms import Stored
from landingpages.models import Block
from profiles.models import Profile
from tests.factories import LandingPageFactory, ProfileFactory

pytestmark = pytest.mark.django_db
TEXT_BLOCKS = ["first_name", "street", "postal_code", "city", "country", "preferred_language"]


@pytest.fixture
def content(draft):
    """The acquisition template, and an optional block for each other column."""
    for field in TEXT_BLOCKS:
        block = editing.add(draft, "text_input", by="Ana Lopes")
        texts = {"en": {"label": field, "help": f"Help {field}"}, "fr": {"label": f"{field} (fr)"}}
        editing.change(draft, block.key, {"field": field, "texts": texts}, by="Ana Lopes")
    return publishing.snapshot(draft)


@pytest.fixture
def send(content, input_name):
    """The form with these bound fields sent; name and email are there unless told."""

    def post(**values):
        given = {"last_name": "Dupont", "email": "marie@example.org"} | values
        return forms.form_class(content, "en")({input_name(content, field): value for field, value in given.items()})

    return post


def errors(form):
    """Bound field -> its errors."""
    fields = {forms.field_name(block): block["field"] for block in form.content["blocks"]}
    return {fields[name]: list(found) for name, found in form.errors.items()}


def rendered(form):
    return render_to_string("landingpages/form.html", {"form": form})


def test_only_bound_inputs_become_fields(content):
    bound = [block for block in content["blocks"] if block["field"]]

    assert list(forms.form_class(content, "en").base_fields) == ["b_" + block["key"].replace("-", "") for block in bound]


def test_unbound_wrongly_bound_and_unknown_fields_are_no_fields(draft, block_for):
    Block.objects.filter(pk=block_for(draft, "mobile").pk).update(field="")
    Block.objects.filter(pk=block_for(draft, "opted_out_sms").pk).update(field="first_name")
    Block.objects.filter(pk=block_for(draft, "last_name").pk).update(field="opted_out_all")
    Block.objects.filter(pk=block_for(draft, "opted_out_push").pk).update(field="revision")
    content = publishing.snapshot(draft)

    assert [block["field"] for block in forms.bound_blocks(content)] == ["email", "opted_out_email", "opted_out_direct_mail"]


def test_values_come_by_the_names_of_bound_fields(send):
    form = send(email=" Marie@Example.ORG ", mobile="0033 6 12 34 56 78", first_name=" Marie ", country="FR", opted_out_sms="on")

    assert form.is_valid()
    assert form.bound_values() == {
        "last_name": "Dupont",
        "email": "marie@example.org",
        "mobile": "+33612345678",
        "opted_out_email": False,
        "opted_out_sms": True,
        "opted_out_push": False,
        "opted_out_direct_mail": False,
        "first_name": "Marie",
        "street": "",
        "postal_code": "",
        "city": "",
        "country": "FR",
        "preferred_language": "",
    }


@pytest.mark.parametrize(
    ("is_positive", "ticked", "opted_out"), [(False, False, False), (False, True, True), (True, False, True), (True, True, False)]
)
def test_a_box_tells_whether_the_person_opts_out(draft, block_for, input_name, is_positive, ticked, opted_out):
    editing.change(draft, block_for(draft, "opted_out_email").key, {"is_positive": is_positive}, by="Ana Lopes")
    content = publishing.snapshot(draft)
    data = {input_name(content, "last_name"): "Dupont", input_name(content, "email"): "marie@example.org"}
    form = forms.form_class(content, "fr")(data | ({input_name(content, "opted_out_email"): "on"} if ticked else {}))

    assert form.is_valid()
    assert form.bound_values()["opted_out_email"] is opted_out


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("last_name", "", "This field is required."),
        ("last_name", "   ", "This field is required."),
        ("last_name", "x" * 51, "Ensure this value has at most 50 characters (it has 51)."),
        ("first_name", "x" * 31, "Ensure this value has at most 30 characters (it has 31)."),
        ("street", "x" * 121, "Ensure this value has at most 120 characters (it has 121)."),
        ("postal_code", "x" * 21, "Ensure this value has at most 20 characters (it has 21)."),
        ("city", "x" * 81, "Ensure this value has at most 80 characters (it has 81)."),
        ("city", "Pa\x00ris", "Null characters are not allowed."),
        ("city", "Pa\r\nBcc: x@example.org", "Remove the characters that cannot be seen."),
        ("city", "Pa\x1b[2Jris", "Remove the characters that cannot be seen."),
        ("city", "Pa\u202esir", "Remove the characters that cannot be seen."),
        ("city", "Pa\u2028ris", "Remove the characters that cannot be seen."),
        ("city", "Pa\ud800ris", "Remove the characters that cannot be seen."),
        ("email", "marie", "Enter an email address such as marie@example.org."),
        ("email", "marie@example.org\r\nBcc: x@example.org", "Enter an email address such as marie@example.org."),
        ("email", "ma\u202erie@example.org", "Enter an email address such as marie@example.org."),
        ("mobile", "06 12 34 56 78", "Start the number with + and the country code, such as +33 6 12 34 56 78."),
        ("mobile", "+33612345678" + "0" * 40, "Ensure this value has at most 40 characters (it has 52)."),
        ("country", "XX", "Select a valid choice. XX is not one of the available choices."),
        ("preferred_language", "en-GB", "Select a valid choice. en-GB is not one of the available choices."),
    ],
)
def test_what_cannot_be_stored_is_told_at_its_field(send, field, typed, error):
    form = send(**{field: typed})

    assert errors(form) == {field: [error]}


@pytest.mark.parametrize("typed", ["Zoë", "O’Brien-Łącki", "محمد", "می\u200cخواهم", "山田", "<b>&amp;", "{{ 7*7 }}", "=1+1"])
def test_a_name_may_be_any_text_that_can_be_seen(send, typed):
    form = send(last_name=typed)

    assert form.is_valid()
    assert form.bound_values()["last_name"] == typed


def test_texts_at_their_longest_fit_the_columns(send):
    longest = {"last_name": 50, "first_name": 30, "street": 120, "postal_code": 20, "city": 80}
    form = send(**{field: "é" * length for field, length in longest.items()})

    assert form.is_valid()
    Profile.objects.create(**{field: form.bound_values()[field] for field in longest})


def test_a_mandatory_box_must_be_ticked(draft, block_for, input_name):
    editing.change(draft, block_for(draft, "opted_out_sms").key, {"is_mandatory": True}, by="Ana Lopes")
    content = publishing.snapshot(draft)
    data = {input_name(content, "last_name"): "Dupont", input_name(content, "email"): "marie@example.org"}
    form_class = forms.form_class(content, "en")

    assert errors(form_class(data)) == {"opted_out_sms": ["Tick this box to go on."]}
    assert form_class(data | {input_name(content, "opted_out_sms"): "on"}).is_valid()


EXTRA = [
    "opted_out_all",
    "opted_out_email",
    "id",
    "pk",
    "public_id",
    "revision",
    "created_by",
    "email",
    "first_name",
    "is_staff",
    "__proto__",
    "b_",
    "b_00000000000000000000000000000000",
    "blocks[0][field]",
    "profile.email",
]


def test_nothing_else_that_is_sent_is_read(draft, input_name):
    content = publishing.snapshot(draft)
    bound = {input_name(content, "last_name"): "Dupont", input_name(content, "email"): "marie@example.org"}
    form_class = forms.form_class(content, "en")
    plain, stuffed = form_class(bound), form_class(bound | dict.fromkeys(EXTRA, "on"))

    assert plain.is_valid()
    assert stuffed.is_valid()
    assert stuffed.bound_values() == plain.bound_values()
    assert sorted(stuffed.data) == sorted(bound)


def test_of_a_name_sent_twice_the_last_counts(content, input_name):
    name, email = input_name(content, "last_name"), input_name(content, "email")
    form = forms.form_class(content, "en")(QueryDict(f"{name}=One&{name}=Two&{email}=marie@example.org&{name}[]=Three"))

    assert form.is_valid()
    assert form.bound_values()["last_name"] == "Two"


@pytest.mark.parametrize("value", [["Dupont"], {"a": "Dupont"}, 7, True, None])
def test_only_texts_are_answers(send, value):
    form = send(opted_out_sms=value)

    assert errors(send(last_name=value)) == {"last_name": ["This field is required."]}
    assert form.is_valid()
    assert form.bound_values()["opted_out_sms"] is False


def test_labels_and_lists_are_in_the_language_of_the_form(content, input_name):
    name = input_name(content, "country")
    with translation.override("en"):
        english, french = (forms.form_class(content, code)() for code in ("en", "fr"))

    assert (english.fields[name].label, french.fields[name].label) == ("country", "country (fr)")
    assert (english.fields[name].help_text, french.fields[name].help_text) == ("Help country", "")
    assert (dict(english.fields[name].choices)["DE"], dict(french.fields[name].choices)["DE"]) == ("Germany", "Allemagne")


def test_a_label_that_the_language_lacks_is_shown_in_another(draft, block_for, input_name):
    block = block_for(draft, "mobile")
    editing.change(draft, block.key, {"texts": {"fr": {"label": "Portable"}}}, by="Ana Lopes")
    content = publishing.snapshot(draft)

    assert forms.form_class(content, "en")()[input_name(content, "mobile")].label == "Portable"


def test_the_wording_is_the_label_that_was_shown(content):
    french = forms.form_class(content, "fr")()

    assert french.wordings("opted_out_email") == "Ne plus m’envoyer d’emails"
    assert french.wordings("opted_out_all") == ""
    assert (french.title, french.button) == ("Vos préférences", "Enregistrer")


def test_the_title_of_a_page_without_a_heading_is_its_label(draft):
    draft.blocks.filter(kind="heading").delete()

    assert forms.form_class(publishing.snapshot(draft), "en")().title == "Vos préférences"


@pytest.mark.parametrize("is_positive", [False, True])
def test_boxes_arrive_as_they_are_stored(draft, block_for, input_name, is_positive):
    profile = ProfileFactory(opted_out=["sms"])
    for field in ("opted_out_sms", "opted_out_push"):
        editing.change(draft, block_for(draft, field).key, {"is_positive": is_positive}, by="Ana Lopes")
    content = publishing.snapshot(draft)

    initial = forms.initial_for(content, profile, show_data=False)

    shown = {field: initial[input_name(content, field)] for field in ("opted_out_sms", "opted_out_push")}
    assert shown == {"opted_out_sms": not is_positive, "opted_out_push": is_positive}


def test_a_form_sent_back_as_it_arrived_says_what_is_stored(content):
    profile = ProfileFactory(opted_out=["sms", "direct_mail"], country="FR")
    initial = forms.initial_for(content, profile, show_data=True)
    sent = {name: "on" if value is True else value for name, value in initial.items() if value and not isinstance(value, Stored)}

    form = forms.form_class(content, "fr")(sent, initial=initial)

    assert form.is_valid()
    values = form.bound_values()
    assert "email" not in values
    assert "mobile" not in values
    assert {name: getattr(profile, name) for name in values} == values


def test_personal_data_shows_only_where_the_page_says_so(content):
    profile = ProfileFactory(
        first_name="Éléonore", last_name="Secret", email="marie@example.org", mobile="+33612345678", city="Lyon"
    )

    closed, shown = (
        rendered(forms.form_class(content, "en")(initial=forms.initial_for(content, profile, show_data=show)))
        for show in (False, True)
    )

    assert [text for text in ("Éléonore", "Secret", "Lyon", "marie@", "612345") if text in closed] == []
    assert [text for text in ("Éléonore", "Secret", "Lyon", "marie@", "612345") if text in shown] == [
        "Éléonore",
        "Secret",
        "Lyon",
    ]
    assert 'placeholder="m•••e@example.org"' in closed
    assert 'placeholder="m•••e@example.org"' in shown


def test_a_mandatory_field_whose_value_is_stored_may_stay_empty(content, input_name):
    profile = ProfileFactory(city="Lyon")
    initial = forms.initial_for(content, profile, show_data=False)

    form = forms.form_class(content, "en")({input_name(content, "opted_out_sms"): "on"}, initial=initial)

    assert form.is_valid()
    assert form.bound_values() == {
        "opted_out_email": False,
        "opted_out_sms": True,
        "opted_out_push": False,
        "opted_out_direct_mail": False,
        "street": "",
        "postal_code": "",
    }


def test_a_mandatory_field_without_a_stored_value_is_asked_for(content):
    profile = ProfileFactory(last_name="", email="")

    form = forms.form_class(content, "en")({}, initial=forms.initial_for(content, profile, show_data=False))

    assert sorted(errors(form)) == ["email", "last_name"]


def test_a_shown_value_that_is_emptied_is_meant_to_be_empty(content, input_name):
    profile = ProfileFactory(first_name="Marie", last_name="Dupont")
    initial = forms.initial_for(content, profile, show_data=True)

    form = forms.form_class(content, "en")({input_name(content, "last_name"): "Durand"}, initial=initial)

    assert form.is_valid()
    assert (form.bound_values()["first_name"], form.bound_values()["last_name"]) == ("", "Durand")


def test_a_stored_code_that_the_list_does_not_know_can_stay(content, input_name):
    profile = ProfileFactory(country="ZZ")
    name = input_name(content, "country")
    form_class = forms.form_class(content, "en")
    initial = forms.initial_for(content, profile, show_data=True)

    form = form_class({name: "ZZ", input_name(content, "last_name"): "Dupont"}, initial=initial)

    assert form.is_valid()
    assert form.bound_values()["country"] == "ZZ"
    assert "ZZ" not in dict(form_class().fields[name].choices)


def test_the_form_asks_the_database_nothing(content, input_name, django_assert_num_queries):
    profile = ProfileFactory()

    with django_assert_num_queries(0):
        initial = forms.initial_for(content, profile, show_data=True)
        form = forms.form_class(content, "fr")({input_name(content, "last_name"): "Dupont"}, initial=initial)
        assert form.is_valid()
        rendered(form)


def test_what_was_typed_is_kept_beside_its_error(send, input_name, content):
    html = rendered(send(email="marie@", last_name='"><script>alert(1)</script>', opted_out_sms="on"))

    name = "id_" + input_name(content, "email")
    assert 'value="marie@"' in html
    assert f'aria-describedby="{name}_error"' in html
    assert f'<p class="error" id="{name}_error">Enter an email address such as marie@example.org.</p>' in html
    assert "<script>" not in html
    assert html.count(" checked") == 1


def test_every_input_has_its_label_and_help_by_id(content, input_name):
    html = rendered(forms.form_class(content, "en")())

    name = "id_" + input_name(content, "city")
    assert f'<label for="{name}">city</label>' in html
    assert f'aria-describedby="{name}_helptext"' in html
    assert f'<p class="help" id="{name}_helptext">Help city</p>' in html
    assert html.count("<label ") == html.count("<input ") + html.count("<select ") == 13
    assert html.count("<h1>") == 1
    assert html.count("(mandatory)") == 2
    assert html.count('<button type="submit">Register</button>') == 1


def test_texts_of_blocks_are_text(draft):
    payload = "<img src=x onerror=alert(1)>{{ 7*7 }}"
    for block in draft.blocks.all():
        texts = {code: {"label": payload, "help": payload} for code in ("en", "fr")}
        editing.change(draft, block.key, {"texts": texts}, by="Ana Lopes")

    html = rendered(forms.form_class(publishing.snapshot(draft), "en")())

    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 10 + 7
    assert "{{" not in html  # a merge field that cannot be read says nothing


def test_preview_shows_blocks_that_are_not_bound_yet(draft):
    for field in ("mobile", "opted_out_sms"):
        draft.blocks.filter(field=field).update(field="")

    html = rendered(forms.form_class(publishing.snapshot(draft), "en")())

    assert html.count(" disabled>") == 2
    assert html.count("<label ") == 7


def test_a_blocklist_page_has_a_button_and_no_field():
    content = publishing.snapshot(LandingPageFactory(template="blocklist"))
    form = forms.form_class(content, "fr")({})

    assert form.is_valid()
    assert form.bound_values() == {}
    assert form.button == "Me désinscrire"
