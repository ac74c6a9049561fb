"""The pages that merge, erase and answer: each names the consequence and asks for its own permission."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from profiles import consent, editing, merging, subscriptions
from profiles.models import ConsentEvent, CustomField, Erasing, Profile, ProfileAlias, Source
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory

pytestmark = pytest.mark.django_db
MOBILE = "+33611111111"


def rows():
    return [list(model.objects.values()) for model in (Profile, ConsentEvent, ProfileAlias, Erasing, LogEntry)]


@pytest.fixture
def pair(db):
    winner = ProfileFactory(first_name="Marie", last_name="Dupont", city="Paris", email="marie@example.org", mobile=MOBILE)
    loser = ProfileFactory(first_name="Maria", last_name="Dupont", city="", email="maria@example.org", mobile=MOBILE)
    return winner, loser


@pytest.fixture
def browser_of(client, django_user_model):
    """A browser of an operator who has these permissions only."""

    def log_in(*codenames):
        ben = django_user_model.objects.create_user("ben", is_staff=True)
        ben.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(ben)
        return client

    return log_in


def form(winner, loser, **chosen):
    revisions = {"winner_revision": winner.revision, "loser_revision": loser.revision}
    return revisions | chosen


@pytest.mark.parametrize("name", ["merge", "access", "erase"])
def test_each_page_needs_its_own_permission(browser_of, pair, name):
    others = {"merge_profile", "access_profile", "erase_profile", "change_profile", "view_profile"} - {f"{name}_profile"}
    browser = browser_of(*others)
    before = rows()
    url = f"/admin/profiles/{pair[0].pk}/{name}/"

    assert [browser.get(url).status_code, browser.post(url, form(*pair)).status_code] == [403, 403]
    assert rows() == before


def test_the_general_tab_offers_what_the_operator_may_do(browser_of, pair):
    browser = browser_of("view_profile", "merge_profile")

    page = browser.get(f"/admin/profiles/profile/{pair[0].pk}/change/").content.decode()

    offered = [name for name in ("merge", "access", "erase") if f"/admin/profiles/{pair[0].pk}/{name}/" in page]
    assert offered == ["merge"]


def test_the_merge_page_lists_profiles_with_the_same_address(backoffice, pair):
    ProfileFactory(first_name="Nobody")

    page = backoffice.get(f"/admin/profiles/{pair[0].pk}/merge/").context

    assert page["candidates"] == [pair[1]]


@pytest.mark.parametrize("text", ["maria@ex", "Maria Dup", "+33 6 11 11 11 11", "EXT-7", "number"])
def test_the_other_profile_is_found_by_what_is_known_of_it(backoffice, pair, text):
    Profile.objects.filter(pk=pair[1].pk).update(external_id="EXT-7")
    text = str(pair[1].pk) if text == "number" else text

    page = backoffice.get(f"/admin/profiles/{pair[0].pk}/merge/", {"q": text}).context

    assert page["candidates"] == [pair[1]]


def test_a_search_that_finds_nobody_says_what_to_try(backoffice, pair):
    page = backoffice.get(f"/admin/profiles/{pair[0].pk}/merge/", {"q": "zzz"}).content.decode()

    assert "No other profile is found for “zzz”" in page


def test_the_preview_says_what_a_merge_changes(backoffice, pair, operator):
    winner, loser = pair
    CustomField.objects.create(key="shoe_size", label="Shoe size", type="number")
    Profile.objects.filter(pk=loser.pk).update(custom={"shoe_size": 39})
    service = ServiceFactory(label="Thursday letter")
    subscriptions.subscribe(loser, service, source=Source.OPERATOR, by=operator)
    consent.opt_out(loser, "sms", source=Source.ONE_CLICK)
    before = rows()

    response = backoffice.get(f"/admin/profiles/{winner.pk}/merge/", {"with": loser.pk})

    lines = [(line.label, line.winner, line.loser, line.chosen) for line in response.context["form"].lines()]
    assert lines == [
        ("First name", "Marie", "Maria", "winner"),
        ("Email", "marie@example.org", "maria@example.org", "winner"),
        ("Shoe size", "nothing", "39", "loser"),
    ]
    assert [str(label) for label in response.context["tightened"]] == ["No longer contact by SMS"]
    assert [(str(label), number) for label, number in response.context["moves"]] == [("Subscriptions", 1), ("Consent history", 2)]
    assert "Becomes subscribed to “Thursday letter”." in response.content.decode()
    assert rows() == before


def test_merging_keeps_what_was_chosen(backoffice, pair):
    winner, loser = pair

    url = f"/admin/profiles/{winner.pk}/merge/?with={loser.pk}"
    response = backoffice.post(url, form(*pair, first_name="loser", email="winner"), follow=True)

    assert response.redirect_chain == [(f"/admin/profiles/profile/{winner.pk}/change/", 302)]
    assert f"Profile {loser.pk} is merged into this one." in response.content.decode()
    assert list(Profile.objects.values_list("first_name", "email")) == [("Maria", "marie@example.org")]


def test_the_page_of_a_merged_profile_leads_to_the_one_that_stays(backoffice, pair, operator):
    winner, loser = pair
    consent.opt_out(loser, "sms", source=Source.ONE_CLICK)
    loser.refresh_from_db()
    merging.merge(winner, loser, from_loser=set(), revisions=(0, loser.revision), by=operator)
    loser_id = ProfileAlias.objects.get().former_id

    general = backoffice.get(f"/admin/profiles/profile/{loser_id}/change/")
    history = backoffice.get(f"/admin/profiles/{loser_id}/consent-history/").content.decode()
    own = backoffice.get(f"/admin/profiles/{winner.pk}/consent-history/").content.decode()

    assert general.headers["Location"] == f"/admin/profiles/profile/{winner.pk}/change/"
    for page in (history, own):
        assert page.count("No longer contact by SMS") == 2
        assert f"profile {loser_id}, merged into this one" in page


def test_the_second_of_two_operators_sees_the_profiles_as_they_are(backoffice, pair, operator):
    winner, loser = pair
    editing.edit(Profile.objects.get(pk=loser.pk), {"city": "Nice"}, {}, revision=0, by=operator)
    before = rows()

    response = backoffice.post(f"/admin/profiles/{winner.pk}/merge/?with={loser.pk}", form(*pair))

    assert response.status_code == 409
    assert "Nothing was changed: one of the two profiles is not as this page showed it." in response.content.decode()
    assert rows() == before


def test_whoever_merges_what_is_merged_already_is_told(backoffice, pair, operator):
    winner, loser = pair
    url, data = f"/admin/profiles/{winner.pk}/merge/?with={loser.pk}", form(*pair)
    merging.merge(winner, Profile.objects.get(pk=loser.pk), from_loser=set(), revisions=(0, 0), by=operator)
    before = rows()

    response = backoffice.post(url, data, follow=True)

    assert "Nothing was changed: somebody merged or erased one of the two profiles meanwhile." in response.content.decode()
    assert rows() == before


@pytest.mark.parametrize("other", ["", "x", "999999", "itself", "²"])
def test_a_merge_with_nobody_asks_whom(backoffice, pair, other):
    number = pair[0].pk if other == "itself" else other
    before = rows()

    response = backoffice.post(f"/admin/profiles/{pair[0].pk}/merge/?with={number}", form(*pair))

    assert "candidates" in response.context
    assert rows() == before


def test_the_erase_page_names_the_numbers(backoffice):
    profile = ProfileFactory(opted_out=["all"])
    QuarantinedAddressFactory(address=profile.email)
    before = rows()

    response = backoffice.get(f"/admin/profiles/{profile.pk}/erase/")

    parts = {str(part.label): part.number for part in response.context["parts"]}
    assert {label: number for label, number in parts.items() if number} == {
        "Profile": 1,
        "Consent history": 1,
        "Records of quarantined addresses": 1,
    }
    assert "2 addresses stay silent" in response.content.decode()
    assert rows() == before


def test_erasing_ends_at_the_list_without_a_name(backoffice):
    profile = ProfileFactory(last_name="Markerova", opted_out=["email"])

    response = backoffice.post(f"/admin/profiles/{profile.pk}/erase/", {"revision": profile.revision + 1}, follow=True)

    assert response.redirect_chain == [("/admin/profiles/profile/", 302)]
    page = response.content.decode()
    assert f"Profile {profile.pk} and every trace of it are erased." in page
    assert "Markerova" not in page
    assert not Profile.objects.exists()
    assert backoffice.get(f"/admin/profiles/{profile.pk}/erase/").status_code == 404


def test_the_winner_of_a_profile_that_was_merged_meanwhile_is_not_erased_in_its_place(backoffice, pair, operator):
    winner, loser = pair
    merging.merge(winner, Profile.objects.get(pk=loser.pk), from_loser=set(), revisions=(0, 0), by=operator)
    winner.refresh_from_db()
    before = rows()

    response = backoffice.post(f"/admin/profiles/{loser.pk}/erase/", {"revision": winner.revision})

    assert response.status_code == 409
    assert rows() == before


def test_a_search_for_nothing_that_can_be_stored_is_no_fault(backoffice, pair):
    assert backoffice.get(f"/admin/profiles/{pair[0].pk}/merge/?q=%00").status_code == 200


@pytest.mark.parametrize("revision", ["7", "", "x"])
def test_a_profile_that_is_not_as_shown_is_not_erased(backoffice, revision):
    profile = ProfileFactory()
    before = rows()

    response = backoffice.post(f"/admin/profiles/{profile.pk}/erase/", {"revision": revision})

    assert response.status_code == 409
    assert "Nothing was erased" in response.content.decode()
    assert rows() == before


def test_the_answer_shows_what_every_holder_has(backoffice, pair, operator):
    winner, loser = pair
    CustomField.objects.create(key="hobby", label="Hobby", type="text")
    Profile.objects.filter(pk=winner.pk).update(custom={"hobby": "Chess"})
    consent.opt_out(loser, "sms", source=Source.ONE_CLICK)
    loser.refresh_from_db()
    loser_id = loser.pk
    merging.merge(winner, loser, from_loser=set(), revisions=(0, loser.revision), by=operator)
    before = rows()

    page = backoffice.get(f"/admin/profiles/{winner.pk}/access/").content.decode()

    for text in ("marie@example.org", "Chess", "ticked: no longer contact", "Nothing is held.", str(loser_id)):
        assert text in page
    assert rows() == before


def test_the_file_has_everything_and_is_recorded(backoffice, pair, operator):
    winner, loser = pair
    consent.opt_out(loser, "sms", source=Source.ONE_CLICK, evidence=consent.Evidence(wording="No more texts"))
    loser.refresh_from_db()
    loser_id = loser.pk
    merging.merge(winner, loser, from_loser=set(), revisions=(0, loser.revision), by=operator)

    response = backoffice.post(f"/admin/profiles/{winner.pk}/access/")

    assert response.headers["Content-Disposition"].startswith(f'attachment; filename="profile-{winner.pk}-')
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    answer = json.loads(response.content)
    assert (answer["format"], answer["profile"], answer["merged_profiles"]) == ("heed-access-1", winner.pk, [loser_id])
    assert list(answer["held"]) == [
        "profile", "subscriptions", "consent", "pending", "notices", "operator_log", "lists",
        "import_files", "quarantine", "submissions", "messages", "withheld", "excluded_addresses", "tracking", "proofs",
    ]  # fmt: skip
    assert answer["held"]["profile"]["rows"][0]["Email"] == "marie@example.org"
    assert [row["Wording shown"] for row in answer["held"]["consent"]["rows"]] == ["No more texts", ""]
    assert LogEntry.objects.order_by("pk").last().change_message == "Answered an access request"
