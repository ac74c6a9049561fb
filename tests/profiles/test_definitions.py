"""Custom fields as an administrator defines them."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

from profiles import defining
from profiles.defining import DefinedMeanwhile
from profiles.definition_forms import ChangeDefinitionForm
from profiles.models import CustomField, Profile
from tests.factories import ProfileFactory
from tests.profiles.test_views import text

pytestmark = pytest.mark.django_db
LIST = reverse("admin:profiles_customfield_changelist")
ADD = reverse("admin:profiles_customfield_add")


def url(field, act="change"):
    return reverse(f"admin:profiles_customfield_{act}", args=[field.pk])


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def definitions():
    return list(CustomField.objects.values_list("key", "label", "type", "options", "is_personal", "position"))


def typed(field, **changes):
    """What a browser sends for the form of this field after these changes; None leaves a box unticked."""
    form = ChangeDefinitionForm(instance=CustomField.objects.get(pk=field.pk))
    shown = {name: one.prepare_value(form.initial.get(name)) for name, one in form.fields.items() if name != "remove_used"}
    data = shown | {f"initial-{name}": value for name, value in shown.items()} | changes
    return {name: value for name, value in data.items() if value is not None}


@pytest.fixture
def colour():
    return CustomField.objects.create(key="colour", label="Colour", type="choice", options=["Red", "Blue"], position=1)


def test_list_shows_the_fields_in_their_order(backoffice, colour):
    CustomField.objects.create(key="size", label="Shoe size", type="number", position=0)

    page = text(backoffice.get(LIST))

    assert [name in page for name in ("Shoe size", "Colour", "Number", "Choice")] == [True] * 4
    assert page.index("Shoe size") < page.index("Colour")


def test_list_without_a_field_says_what_to_do(backoffice):
    assert "There is no custom field yet" in text(backoffice.get(LIST))


def test_adding_a_field_puts_it_behind_the_others(backoffice, colour):
    page = backoffice.get(ADD)

    response = backoffice.post(
        ADD,
        {"label": "Pet", "key": "pet", "type": "choice", "options": " Cat \r\n\r\nDog", "is_personal": "on", "position": "2"},
    )

    assert page.context["form"].initial["position"] == 2
    assert (response.status_code, response["Location"]) == (302, LIST)
    assert told(response) == ["Pet was added: every profile has it now."]
    assert definitions() == [
        ("colour", "Colour", "choice", ["Red", "Blue"], True, 1),
        ("pet", "Pet", "choice", ["Cat", "Dog"], True, 2),
    ]
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"key": "Pet"}, "key", "Use small letters, digits and underscores; start with a letter."),
        ({"key": "pet.name"}, "key", "Use small letters, digits and underscores; start with a letter."),
        ({"key": "colour"}, "key", "Custom field with this Key already exists."),
        ({"type": "choice"}, "options", "Write the options to choose from, one per line."),
        ({"options": "Cat"}, "options", "Only a choice has options."),
        ({"type": "choice", "options": "Cat\ncat"}, "options", "“cat” is there twice."),
        ({"type": "choice", "options": "x" * 101}, "options", "is longer than 100 characters."),
        ({"type": "choice", "options": "\n".join(map(str, range(201)))}, "options", "More than 200 options."),
    ],
)
def test_field_that_cannot_be_is_refused(backoffice, colour, changes, field, error):
    before = definitions()

    response = backoffice.post(ADD, {"label": "Pet", "key": "pet", "type": "text", "options": "", "position": "2"} | changes)

    assert list(response.context["form"].errors) == [field]
    assert error in text(response)
    assert (definitions(), LogEntry.objects.count()) == (before, 0)


def test_key_and_type_stay_and_the_rest_changes(backoffice, colour):
    data = typed(colour, label="Color", options="Red\nBlue\nGreen", is_personal=None, position="7")

    response = backoffice.post(url(colour), data | {"key": "evil", "type": "text"})

    assert told(response) == ["Color was changed."]
    assert definitions() == [("colour", "Color", "choice", ["Red", "Blue", "Green"], False, 7)]


def test_option_that_profiles_have_does_not_vanish_silently(backoffice, colour):
    for option in ("Blue", "Blue", "Red"):
        ProfileFactory(custom={"colour": option})
    before = definitions()

    response = backoffice.post(url(colour), typed(colour, options="Red"))

    assert "Profiles have what you took off the list: “Blue” (2 profiles)." in text(response)
    assert "Take these options off the list all the same" in text(response)
    assert definitions() == before

    backoffice.post(url(colour), typed(colour, options="Red", remove_used="on"))
    assert definitions() == [("colour", "Colour", "choice", ["Red"], True, 1)]
    assert sorted(one.custom["colour"] for one in Profile.objects.all()) == ["Blue", "Blue", "Red"]


def test_option_that_nobody_has_goes_at_once(backoffice, colour):
    ProfileFactory(custom={"colour": "Red"})

    backoffice.post(url(colour), typed(colour, options="Red"))

    assert definitions() == [("colour", "Colour", "choice", ["Red"], True, 1)]


def test_of_two_who_change_the_options_the_second_is_told(backoffice, colour):
    stale = typed(colour, options="Red\nBlue\nPink")
    backoffice.post(url(colour), typed(colour, options="Red\nBlue\nGreen"))
    before = definitions()

    response = backoffice.post(url(colour), stale)

    assert response.status_code == 409
    assert "somebody else changed this field" in text(response)
    assert definitions() == before


def test_change_of_what_was_not_shown_writes_nothing(operator, colour):
    with pytest.raises(DefinedMeanwhile):
        defining.change(colour, {"label": "x"}, shown={"label": "Couleur"}, by=operator)

    assert (definitions()[0][1], LogEntry.objects.count()) == ("Colour", 0)


def test_deleting_says_how_many_profiles_have_a_value_and_removes_the_values(backoffice, colour):
    having = [ProfileFactory(custom={"colour": "Red", "size": 38}), ProfileFactory(custom={"colour": "Blue"})]
    without = ProfileFactory(custom={"size": 40})

    page = backoffice.get(url(colour, "delete"))
    response = backoffice.post(url(colour, "delete"), {"having": "2"})

    assert "2 profiles have a value." in text(page)
    assert told(response) == ["Colour was deleted, and its values in 2 profiles."]
    assert definitions() == []
    stored = {one.pk: (one.custom, one.revision, one.modified_by) for one in Profile.objects.all()}
    assert stored == {
        having[0].pk: ({"size": 38}, 1, "Ana Lopes"),
        having[1].pk: ({}, 1, "Ana Lopes"),
        without.pk: ({"size": 40}, 0, ""),
    }


@pytest.mark.parametrize("having", ["0", "", "x"])
def test_nothing_is_deleted_where_more_profiles_have_a_value_than_was_said(backoffice, colour, having):
    ProfileFactory(custom={"colour": "Red"})
    before = (definitions(), Profile.objects.values().get())

    response = backoffice.post(url(colour, "delete"), {"having": having})

    assert (response.status_code, "Nothing was deleted" in text(response)) == (409, True)
    assert (definitions(), Profile.objects.values().get()) == before


def test_values_are_removed_in_ranges_of_ids(operator, colour, monkeypatch):
    monkeypatch.setattr(defining, "IDS_AT_ONCE", 2)
    ProfileFactory.create_batch(5, custom={"colour": "Red"})

    assert defining.remove(colour, by=operator) == 5
    assert [one.custom for one in Profile.objects.all()] == [{}] * 5


@pytest.mark.parametrize(
    ("right", "allowed"),
    [("view_customfield", ["list", "change"]), ("add_customfield", ["add"]), ("delete_customfield", ["delete"])],
)
def test_each_page_needs_its_right(client, django_user_model, colour, right, allowed):
    user = django_user_model.objects.create_user("paul", password="paul", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename=right))
    client.force_login(user)
    pages = {"list": LIST, "add": ADD, "change": url(colour), "delete": url(colour, "delete")}

    opened = {name: client.get(page).status_code for name, page in pages.items()}

    assert [name for name, status in opened.items() if status == 200 and name in allowed] == allowed
    assert [name for name, status in opened.items() if status != 403 and name not in (*allowed, "list")] == []


def test_who_may_only_look_changes_nothing(client, django_user_model, colour):
    user = django_user_model.objects.create_user("paul", password="paul", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_customfield"))
    client.force_login(user)
    before = definitions()

    statuses = [client.post(url(colour), typed(colour, label="x")).status_code, client.post(url(colour, "delete")).status_code]

    assert (statuses, definitions()) == ([403, 403], before)
