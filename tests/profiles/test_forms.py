import pytest

from profiles.forms import COLUMNS, OptOutForm, ProfileForm, SubscribeForm
from profiles.models import Profile
from profiles.subscriptions import subscribe
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db


def posted(profile, **changes):
    """What a browser sends for the form of this profile after these changes; a box is ticked with "on"."""
    form = ProfileForm(instance=Profile.objects.filter(pk=profile.pk).first() or profile)
    told = {name: form.fields[name].prepare_value(value) for name, value in form.initial.items()}
    data = {name: value for name, value in told.items() if value is not False}
    shown = {f"initial-{name}": value for name, value in told.items()}
    return {name: value for name, value in (data | shown | changes).items() if value is not None}


def test_form_shows_the_fields_in_the_order_of_the_general_tab():
    form = ProfileForm(instance=Profile())

    assert [name for name in form.fields if name in COLUMNS and name not in ("email", "mobile")] == [
        "first_name",
        "last_name",
        "gender",
        "middle_name",
        "title",
        "birth_date",
        "preferred_language",
        "time_zone",
        "external_id",
        "email_format",
        "phone",
        "fax",
        "address_specified",
        "street",
        "street_2",
        "postal_code",
        "city",
        "state",
        "country",
        "ccpa_opt_out",
    ]
    assert [form.fields[name].label for name in form.fields if name.startswith("opted_out")] == [
        "No longer contact (by any channel)",
        "No longer contact by email",
        "No longer contact by SMS",
        "No longer contact by push notification",
        "No longer contact by direct mail",
    ]


@pytest.mark.parametrize(
    ("field", "typed", "stored"),
    [
        ("email", "  Marie.DUPONT@Example.ORG ", "marie.dupont@example.org"),
        ("email", "marie@bücher.example", "marie@xn--bcher-kva.example"),
        ("email", "", ""),
        ("mobile", "+33 6 12 34 56 78", "+33612345678"),
        ("mobile", "0033 6 12 34 56 78", "+33612345678"),
        ("mobile", "", ""),
    ],
)
def test_addresses_are_normalised(field, typed, stored):
    form = ProfileForm(posted(Profile(), **{field: typed}), instance=Profile())

    assert form.is_valid()
    assert form.cleaned_data[field] == stored


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("email", "marie", "Enter an email address such as marie@example.org."),
        ("email", "marie@localhost", "The part after the @ needs a dot, such as example.org."),
        ("mobile", "06 12 34 56 78", "Start the number with + and the country code, such as +33 6 12 34 56 78."),
        ("mobile", "+33 6 12", "This number is too short or too long for its country."),
    ],
)
def test_wrong_address_is_told_at_its_field(field, typed, error):
    form = ProfileForm(posted(Profile(), **{field: typed}), instance=Profile())

    assert form.errors == {field: [error]}


def test_country_and_language_are_chosen_from_the_lists():
    form = ProfileForm(posted(Profile(), country="XX", preferred_language="klingon"), instance=Profile())

    assert sorted(form.errors) == ["country", "preferred_language"]


def test_stored_code_that_the_list_does_not_know_can_stay():
    profile = ProfileFactory(country="ZZ")

    assert ProfileForm(posted(profile, city="Paris"), instance=profile).is_valid()


def test_untouched_form_changes_nothing():
    profile = Profile.objects.get(pk=ProfileFactory(opted_out=["email"]).pk)
    form = ProfileForm(posted(profile), instance=profile)

    assert form.is_valid()
    assert (form.values, form.choices, form.changes_in_words(), form.is_outdated) == ({}, {}, [], False)


def test_form_says_what_a_save_writes():
    profile = ProfileFactory(first_name="Marie", city="Paris", opted_out=["email"])
    data = posted(profile, first_name="Maria", city="", country="BE", opted_out_email=None, opted_out_sms="on")
    form = ProfileForm(data, instance=profile)

    assert form.is_valid()
    assert form.values == {"first_name": "Maria", "city": "", "country": "BE"}
    assert form.choices == {"email": False, "sms": True}
    assert form.changes_in_words() == [
        "First name: Marie → Maria",
        "City: Paris → –",
        "Country: France → Belgium",
        "No longer contact by email: no → recorded",
        "No longer contact by SMS: yes → recorded",
    ]


def test_rebased_form_keeps_what_was_typed_and_takes_over_the_rest():
    profile = ProfileFactory(first_name="Marie", city="Paris", email="old@example.org")
    data = posted(profile, first_name="Maria", city="Lyon")
    Profile.objects.filter(pk=profile.pk).update(
        email="new@example.org", city="Lille", opted_out_email=True, revision=profile.revision + 1
    )

    form = ProfileForm(data, instance=Profile.objects.get(pk=profile.pk))
    rebased = form.rebased()

    assert form.meanwhile_in_words() == [
        "Email: old@example.org → new@example.org",
        "City: Paris → Lille",
        "No longer contact by email: no → yes",
    ]
    assert rebased.is_valid()
    assert (rebased.values, rebased.choices, rebased.is_outdated) == ({"first_name": "Maria", "city": "Lyon"}, {}, False)


@pytest.mark.parametrize("revision", [None, "", "-1", "x", "99999999999999999999999"])
def test_revision_that_was_never_shown_is_outdated_or_refused(revision):
    profile = ProfileFactory()
    form = ProfileForm(posted(profile, revision=revision), instance=profile)

    assert not form.is_valid() or form.is_outdated


def test_opt_out_form_offers_every_channel_and_any():
    assert [value for value, _label in OptOutForm().fields["scope"].choices] == ["all", "email", "sms", "push", "direct_mail"]


def test_subscribe_form_offers_the_other_services():
    profile, other = ProfileFactory(), ProfileFactory()
    subscribed, free = ServiceFactory(), ServiceFactory()
    subscribe(profile, subscribed, source="operator")
    subscribe(other, free, source="operator")

    assert SubscribeForm(profile=profile).fields["service"].choices == [(free.pk, free.label)]
