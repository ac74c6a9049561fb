"""The pages of saved audiences, without JavaScript unless a test says otherwise."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from profiles import freezing, saved_audiences
from profiles.models import AudienceMember, SavedAudience
from profiles.saved_audiences import AudienceInUse, StaleAudience
from tests.factories import ProfileFactory
from tests.profiles.test_audiences import FRENCH, IN_FRENCH

pytestmark = pytest.mark.django_db
FORM = {"label": "Paris", "description": "", "expires_on": "", "revision": "0"}
CONDITION = {"a:kind": "all", "a.0:field": "city", "a.0:operator": "is", "a.0:value": "Paris"}
CITY = {"all": [{"field": "city", "operator": "is", "value": "Paris"}]}


def url(name, *arguments):
    return reverse(f"profiles:{name}", args=arguments)


@pytest.fixture
def audience(operator):
    return saved_audiences.create({"all": [FRENCH]}, label="French", by=operator)


@pytest.fixture
def people():
    return [ProfileFactory(country=country) for country in ("FR", "FR", "BE")]


def everything():
    return list(SavedAudience.objects.order_by("pk").values_list()), AudienceMember.objects.count()


def test_saving_stores_the_tree_and_counts_it(backoffice):
    ProfileFactory(city="PARIS")
    response = backoffice.post(url("audience_add"), FORM | CONDITION | {"save": ""})

    saved = SavedAudience.objects.get()
    assert response.headers["Location"] == url("audience", saved.pk)
    assert (saved.label, saved.kind, saved.tree, saved.size, saved.created_by) == ("Paris", "query", CITY, 1, "Ana Lopes")
    assert saved.counted_at is not None


def test_pressing_a_button_stores_nothing_and_keeps_what_was_typed(backoffice):
    typed = FORM | CONDITION | {"a.0:operator": "starts", "a:new": "country", "do": "add:a", "expires_on": "2030-01-02"}

    response = backoffice.post(url("audience_add"), typed)

    html = response.content.decode()
    assert (response.status_code, SavedAudience.objects.count()) == (200, 0)
    assert 'name="label" value="Paris"' in html
    assert 'value="2030-01-02"' in html
    assert '<option value="starts" selected>' in html
    assert 'name="a.0:value" value="Paris"' in html
    assert 'id="a-1-operator"' in html
    assert html.count(" autofocus") == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"label": ""}, "This field is required."),
        ({"a.0:value": ""}, "Write what to look for."),
        ({"a.0:field": "shoe_size"}, "This condition does not exist any more"),
        ({"expires_on": "soon"}, "Enter a valid date."),
    ],
)
def test_bad_input_is_told_at_its_place_and_nothing_is_lost(backoffice, bad, message):
    response = backoffice.post(url("audience_add"), FORM | CONDITION | bad | {"description": "My own words", "save": ""})

    html = response.content.decode()
    assert (response.status_code, SavedAudience.objects.count()) == (422, 0)
    assert message in html
    assert "My own words" in html
    assert ("Paris" in html) == ("a.0:value" not in bad or "label" not in bad)


def test_the_second_of_two_editors_is_told_and_loses_nothing(backoffice, audience):
    saved_audiences.change(audience, {"label": "First"}, revision=0, by="Ben")
    before = everything()

    response = backoffice.post(url("audience_edit", audience.pk), FORM | CONDITION | {"label": "Second", "save": ""})

    assert (response.status_code, everything()) == (422, before)
    html = response.content.decode()
    assert "Somebody else changed this audience meanwhile" in html
    assert 'value="Second"' in html
    assert 'name="revision" value="0"' in html


def test_a_button_in_between_does_not_hide_that_somebody_saved(backoffice, audience):
    shown = FORM | CONDITION | {"do": "group:a"}
    saved_audiences.change(audience, {"label": "First"}, revision=0, by="Ben")

    html = backoffice.post(url("audience_edit", audience.pk), shown).content.decode()

    assert 'name="revision" value="0"' in html


def test_editing_changes_the_tree_and_counts_anew(backoffice, audience, people):
    backoffice.post(url("audience_edit", audience.pk), FORM | CONDITION | {"label": "Changed", "save": ""})

    audience.refresh_from_db()
    assert (audience.label, audience.tree, audience.size, audience.revision) == ("Changed", CITY, 0, 1)


def test_fragments_answer_with_words_and_the_pressed_button(backoffice):
    words = backoffice.post(url("audience_summary"), CONDITION).content.decode()
    pressed = backoffice.post(url("audience_builder"), CONDITION | {"do": "group:a"}).content.decode()

    assert "City is “Paris”" in words
    assert "<html" not in words + pressed
    assert 'id="a-1"' in pressed


def test_words_wait_for_what_is_missing(backoffice):
    html = backoffice.post(url("audience_summary"), CONDITION | {"a.0:value": ""}).content.decode()

    assert "Complete or remove the conditions that are marked." in html
    assert 'hx-trigger="load' not in html


def test_a_page_of_an_audience_names_its_members_with_links(backoffice, audience, people):
    page = backoffice.get(url("audience", audience.pk))

    assert [profile.pk for profile in page.context["page"].object_list] == [people[0].pk, people[1].pk]
    html = page.content.decode()
    assert reverse("admin:profiles_profile_change", args=[people[0].pk]) in html
    assert "Country: France" in html


def test_members_are_shown_to_those_who_may_see_people_only(client, audience, people):
    ben = User.objects.create_user("ben", is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename="view_savedaudience"))
    client.force_login(ben)

    html = client.get(url("audience", audience.pk)).content.decode()

    assert "Country: France" in html
    assert people[0].email not in html


def test_freezing_makes_a_list_that_keeps_its_members(backoffice, audience, people):
    page = backoffice.get(url("audience_freeze", audience.pk))
    assert "Make a list of 2 people" in page.content.decode()
    assert SavedAudience.objects.count() == 1

    backoffice.post(url("audience_freeze", audience.pk), {"label": "French of today"})

    frozen = SavedAudience.objects.get(kind="list")
    people[0].country = "BE"
    people[0].save()
    ProfileFactory(country="FR")
    assert (frozen.label, frozen.size, frozen.tree) == ("French of today", 2, {"all": [FRENCH]})
    shown = backoffice.get(url("audience", frozen.pk)).context["page"].object_list
    assert [profile.pk for profile in shown] == [people[0].pk, people[1].pk]


def test_a_list_that_was_cut_off_cannot_be_used(backoffice, audience, people):
    cut = SavedAudience.objects.create(label="Cut off", kind="list", tree={"all": [FRENCH]})

    assert "cannot be used" in backoffice.get(url("audience", cut.pk)).content.decode()
    assert list(SavedAudience.objects.usable()) == [audience]


def test_a_copy_is_a_query_of_its_own(backoffice, audience):
    response = backoffice.post(url("audience_duplicate", audience.pk))

    copy = SavedAudience.objects.exclude(pk=audience.pk).get()
    assert response.headers["Location"] == url("audience_edit", copy.pk)
    assert (copy.label, copy.kind, copy.tree, copy.size) == ("French (copy)", "query", {"all": [FRENCH]}, None)


def test_deleting_says_what_it_means_and_does_it(backoffice, audience, people):
    frozen = freezing.freeze(audience, label="List", by="Ana")

    assert "The list of 2 people is gone for good" in backoffice.get(url("audience_delete", frozen.pk)).content.decode()
    backoffice.post(url("audience_delete", frozen.pk))

    assert (list(SavedAudience.objects.all()), AudienceMember.objects.count()) == ([audience], 0)


def test_a_list_that_a_query_names_cannot_be_deleted(backoffice, audience, people):
    frozen = freezing.freeze(audience, label="List", by="Ana")
    saved_audiences.create({"not": saved_audiences.as_tree(frozen)}, label="Others", by="Ana")
    before = everything()

    with pytest.raises(AudienceInUse, match="Others"):
        saved_audiences.delete(frozen)
    page = backoffice.post(url("audience_delete", frozen.pk), follow=True).content.decode()

    assert everything() == before
    assert "Nothing was deleted: the list is in use." in page
    assert ">Others</a>" in page


def test_members_go_with_their_profile(audience, people):
    freezing.freeze(audience, label="List", by="Ana")

    people[0].delete()

    assert AudienceMember.objects.count() == 1


def test_the_list_of_audiences_is_searched_and_asks_the_same_number_of_queries(backoffice, audience):
    counts = []
    for number in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = backoffice.get(url("audiences"))
        counts.append(len(queries))
        saved_audiences.create({}, label=f"Everybody {number}", by="Ana")
        saved_audiences.create({}, label=f"All of them {number}", by="Ana")

    assert counts[0] == counts[1]
    assert [row["audience"].label for row in backoffice.get(url("audiences"), {"q": "every"}).context["rows"]] == [
        "Everybody 0", "Everybody 1",
    ]  # fmt: skip
    assert backoffice.get(url("audiences"), {"kind": "list"}).context["rows"] == []
    assert "No audience is like that." in backoffice.get(url("audiences"), {"q": "x"}).content.decode()
    assert page.status_code == 200


def test_expired_audiences_go_but_for_those_in_use(audience, people):
    today = timezone.localdate()
    frozen = freezing.freeze(audience, label="List", by="Ana")
    user = saved_audiences.create(saved_audiences.as_tree(frozen), label="Names the list", by="Ana")
    SavedAudience.objects.exclude(pk=user.pk).update(expires_on=today - timedelta(days=1))

    assert saved_audiences.delete_expired(today) == 1
    assert list(SavedAudience.objects.values_list("label", flat=True)) == ["List", "Names the list"]
    SavedAudience.objects.update(expires_on=today)
    assert saved_audiences.delete_expired(today) == 0


def test_a_change_over_an_older_revision_is_refused(audience):
    with pytest.raises(StaleAudience):
        saved_audiences.change(audience, {"label": "x", "tree": {"all": [IN_FRENCH]}}, revision=7, by="Ana")

    assert SavedAudience.objects.get().label == "French"


def test_an_audience_that_is_not_understood_any_more_says_why(backoffice, audience):
    SavedAudience.objects.update(tree={"field": "shoe_size", "operator": "is", "value": 4})

    for name in ("audience", "audience_freeze", "audience_edit"):
        page = backoffice.get(url(name, audience.pk))
        assert page.status_code == 200
        assert "shoe_size" in page.content.decode()
