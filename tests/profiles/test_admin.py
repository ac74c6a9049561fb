import re

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.http import QueryDict
from django.urls import reverse

from profiles import paging, subscriptions
from profiles.models import ConsentEvent, Profile, Service, Source
from profiles.selection import InvalidSelection, Selection
from tests.factories import ProfileFactory, ServiceFactory
from tests.profiles.test_views import text

pytestmark = pytest.mark.django_db

LIST = "/admin/profiles/profile/"


def listed(response):
    return [profile.last_name for profile in response.context["cl"].result_list]


def opted_out():
    return list(ConsentEvent.objects.order_by("profile__last_name").values_list("profile__last_name", "scope", "source", "by"))


@pytest.fixture
def people():
    """Five profiles, newest first in the list: Ernst, Durand, Claes, Bernard, Anders."""
    anders = ProfileFactory(first_name="Émile", last_name="Anders", email="emile@example.org", opted_out=["email"])
    bernard = ProfileFactory(first_name="Jo", last_name="Bernard", mobile="+32470123456", country="BE", opted_out=["all", "sms"])
    claes = ProfileFactory(first_name="Lou", last_name="Claes", preferred_language="nl", country="BE")
    durand = ProfileFactory(first_name="Marie", last_name="Durand", opted_out=["push", "direct_mail"])
    ernst = ProfileFactory(first_name="Ines", last_name="Ernst", preferred_language="en", country="")
    subscriptions.subscribe(claes, ServiceFactory(label="Offers"), source=Source.OPERATOR)
    return anders, bernard, claes, durand, ernst


# The list


def test_list_has_the_opt_out_columns_in_words(backoffice, people):
    page = backoffice.get(LIST).content.decode()
    row = next(row for row in re.findall(r"(?s)<tr class=\"data-row.*?</tr>", page) if "Bernard" in row)

    cells = re.findall(r'(?s)class="field-(\w+) [^>]*>(.*?)</t[dh]>', row)
    assert {name: " ".join(re.sub(r"<[^>]+>", " ", cell.replace("<wbr>", "")).split()) for name, cell in cells} == {
        "name": "Jo Bernard",
        "email_in_parts": people[1].email,
        "mobile": "+32470123456",
        "country_label": "Belgium",
        "language_label": "French",
        "no_longer_contact": "any channel by SMS",
        "opted_out_all": "✕ yes",
        "opted_out_email": "– no",
        "opted_out_sms": "✕ yes",
        "opted_out_push": "– no",
        "opted_out_direct_mail": "– no",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Ernst", "Durand", "Claes", "Bernard", "Anders"]),
        ("?opted_out=yes", ["Durand", "Bernard", "Anders"]),
        ("?opted_out=no", ["Ernst", "Claes"]),
        ("?opted_out_all=yes", ["Bernard"]),
        ("?opted_out_email=yes", ["Anders"]),
        ("?opted_out_sms=yes", ["Bernard"]),
        ("?opted_out_push=yes", ["Durand"]),
        ("?opted_out_direct_mail=yes", ["Durand"]),
        ("?opted_out_direct_mail=no&opted_out=yes", ["Bernard", "Anders"]),
        ("?country=BE", ["Claes", "Bernard"]),
        ("?language=nl", ["Claes"]),
        ("?country=&language=", ["Ernst", "Durand", "Claes", "Bernard", "Anders"]),
        ("?q=EMILE", ["Anders"]),
        ("?q=emile@", ["Anders"]),
        ("?q=jo+ber", ["Bernard"]),
        ("?q=%2B32+470", ["Bernard"]),
        ("?q=nders", []),
        ("?q=d&country=FR", ["Durand"]),
        ("?q=nobody", []),
    ],
)
def test_list_filters_and_searches(backoffice, people, query, found):
    assert listed(backoffice.get(LIST + query)) == found


@pytest.mark.parametrize(("query", "active"), [("", False), ("?country=&language=", False), ("?country=&language=fr", True)])
def test_filters_count_as_active_where_one_is_chosen(backoffice, people, query, active):
    response = backoffice.get(LIST + query)

    assert response.context["cl"].has_active_filters is active
    assert ("Clear all filters" in text(response)) is active


def test_list_filters_by_service(backoffice, people):
    other = ServiceFactory()

    offers = Service.objects.get(label="Offers")
    assert [listed(backoffice.get(f"{LIST}?service={service.pk}")) for service in (offers, other)] == [["Claes"], []]


@pytest.mark.parametrize(
    "word", ["blacklist", "DENYLIST", "Blackliste", "blockliste", "liste bloquée", "Liste Bloquee", "blocklist"]
)
def test_old_words_find_the_profiles_that_are_opted_out(backoffice, people, word):
    response = backoffice.get(LIST, {"q": word})

    assert listed(response) == ["Durand", "Bernard", "Anders"]
    assert f"“{word}” is an old word for the blocklist" in text(response)


@pytest.mark.parametrize("query", ["?country=XX", "?service=x", "?service=0", "?opted_out=1"])
def test_filter_value_that_is_not_offered_leads_back_to_the_list(backoffice, people, query):
    assert backoffice.get(LIST + query)["Location"] == LIST + "?e=1"


@pytest.mark.parametrize("query", ["?email__startswith=a", "?id__in=1", "?opted_out_email__exact=1", "?subscriptions__service=1"])
def test_list_accepts_no_other_lookup_than_its_filters(backoffice, people, query):
    assert backoffice.get(LIST + query).status_code == 400


def test_empty_list_says_what_to_do(backoffice):
    assert "There is no profile yet. Add one, or import a CSV file" in text(backoffice.get(LIST))
    assert "No profile matches." in text(backoffice.get(LIST + "?q=nobody"))


def test_list_has_the_same_number_of_queries_for_1_and_3_rows(backoffice, django_assert_max_num_queries):
    counts = []
    for rows in (1, 2):
        ProfileFactory.create_batch(rows, opted_out=["email", "all"])
        with django_assert_max_num_queries(12) as captured:
            backoffice.get(LIST)
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_list_does_not_count_beyond_the_limit(backoffice, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(paging, "LIMIT", 2)
    ProfileFactory.create_batch(3)

    with django_assert_max_num_queries(12) as captured:
        response = backoffice.get(LIST)

    counting = [query["sql"] for query in captured if "COUNT(" in query["sql"]]
    assert ["LIMIT 3" in sql for sql in counting] == [True]
    assert "more than 2" in response.content.decode()


@pytest.mark.parametrize("order", ["1", "-1", "2", "-3"])
def test_list_can_be_sorted_by_its_indexed_columns(backoffice, people, order):
    assert sorted(listed(backoffice.get(f"{LIST}?o={order}"))) == ["Anders", "Bernard", "Claes", "Durand", "Ernst"]


# No longer contact, for many


def choose(browser, profiles, query="", across="0"):
    data = {"action": "opt_out_selected", "index": "0", "select_across": across, "_selected_action": [p.pk for p in profiles]}
    return browser.post(LIST + query, data)


def test_action_leads_to_a_page_with_the_numbers_and_changes_nothing(backoffice, people):
    before = opted_out()

    response = choose(backoffice, people[:3])
    page = backoffice.get(response["Location"])

    assert "No longer contact 3 selected profiles" in text(page)
    assert [(row["scope"], row["already"], row["changes"]) for row in page.context["rows"]] == [
        ("all", 1, 2),
        ("email", 1, 2),
        ("sms", 1, 2),
        ("push", 0, 3),
        ("direct_mail", 0, 3),
    ]
    assert opted_out() == before


def test_confirmed_action_opts_the_selection_out_under_the_operators_name(backoffice, people, operator):
    url = choose(backoffice, people[:3], "?country=")["Location"]
    known = set(ConsentEvent.objects.values_list("pk", flat=True))

    response = backoffice.post(url, {"scope": "email", "selected": "3"})

    assert response["Location"] == LIST + "?country="
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        "No longer contact by email: 2 profiles changed, 1 was opted out already."
    ]
    assert list(Profile.objects.filter(opted_out_email=True).order_by("last_name").values_list("last_name", flat=True)) == [
        "Anders",
        "Bernard",
        "Claes",
    ]
    new = ConsentEvent.objects.exclude(pk__in=known).order_by("profile__last_name")
    assert list(new.values_list("profile__last_name", "scope", "after", "source", "by", "by_id", "detail")) == [
        ("Bernard", "email", True, "operator", "Ana Lopes", operator.pk, "one of 3 selected profiles"),
        ("Claes", "email", True, "operator", "Ana Lopes", operator.pk, "one of 3 selected profiles"),
    ]


def test_all_that_match_are_the_profiles_that_the_filters_find(backoffice, people):
    url = choose(backoffice, people[:1], "?country=BE", across="1")["Location"]

    backoffice.post(url, {"scope": "all", "selected": "2"})

    assert list(Profile.objects.filter(opted_out_all=True).order_by("last_name").values_list("last_name", flat=True)) == [
        "Bernard",
        "Claes",
    ]


def test_all_that_match_is_evaluated_anew_and_a_moved_number_is_shown_again(backoffice, people):
    url = choose(backoffice, people[:1], "?country=BE", across="1")["Location"]
    ProfileFactory(last_name="Francken", country="BE")
    before = opted_out()

    response = backoffice.post(url, {"scope": "email", "selected": "2"})

    assert response.status_code == 409
    assert "the selection has 3 profiles now" in text(response)
    assert opted_out() == before
    assert backoffice.post(url, {"scope": "email", "selected": "3"}).status_code == 302
    assert Profile.objects.filter(opted_out_email=True, country="BE").count() == 3


@pytest.mark.parametrize(
    "data", [{}, {"selected": "3"}, {"scope": "fax", "selected": "3"}, {"scope": "email"}, {"scope": "email", "selected": "x"}]
)
def test_page_without_a_valid_choice_is_shown_again(backoffice, people, data):
    url = choose(backoffice, people[:3])["Location"]
    before = opted_out()

    assert backoffice.post(url, data).status_code == 200
    assert opted_out() == before


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ids=",
        "ids=x",
        "ids=1,,2",
        "ids=-1",
        "ids=1;2",
        "ids=" + "9" * 30,
        "ids=" + ",".join(["1"] * 201),
        "ids=1&everything=1",
        "everything=0",
        "everything=1&filters=email__startswith%3Da",
        "everything=1&filters=opted_out_email__exact%3D0",
        "everything=1&filters=country%3DXX",
        "everything=1&filters=nonsense%3D1",
    ],
)
def test_selection_that_the_list_could_not_have_made_is_refused(backoffice, people, query):
    url = reverse("profiles:opt_out") + "?" + query
    before = opted_out()

    answers = [backoffice.get(url).status_code, backoffice.post(url, {"scope": "all", "selected": "5"}).status_code]

    assert answers == [400, 400]
    assert opted_out() == before


def test_action_needs_the_right_to_change(client, django_user_model, people):
    user = django_user_model.objects.create_user("paul", password="paul", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_profile"))
    client.force_login(user)
    url = reverse("profiles:opt_out") + f"?ids={people[2].pk}"
    before = opted_out()

    assert "No longer contact by…" not in client.get(LIST).content.decode()
    assert choose(client, people[:2]).status_code == 200  # the list again
    assert client.post(url, {"scope": "all", "selected": "1"}).status_code == 403
    assert opted_out() == before


def test_selection_survives_its_own_address():
    for selection in (Selection((3, 1), False, "q=d%C3%A9&country=FR"), Selection((), True, "q=a&opted_out=no")):
        assert Selection.read(QueryDict(selection.as_query())) == selection


def test_selection_of_nothing_is_invalid():
    with pytest.raises(InvalidSelection):
        Selection.read(QueryDict("filters=country%3DFR"))


# Services and operators


def test_service_list_counts_the_subscribers_in_one_query(backoffice, people, django_assert_max_num_queries):
    url = reverse("admin:profiles_service_changelist")
    with django_assert_max_num_queries(12) as one:
        response = backoffice.get(url)
    ServiceFactory.create_batch(2)
    with django_assert_max_num_queries(12) as three:
        backoffice.get(url)

    assert [(service.label, service.subscriber_count) for service in response.context["cl"].result_list] == [("Offers", 1)]
    assert len(one) == len(three)


def test_service_with_subscribers_cannot_be_deleted(backoffice, people):
    subscribed, unused = Service.objects.get(), ServiceFactory()
    answers = [
        backoffice.post(reverse("admin:profiles_service_delete", args=[service.pk]), {"post": "yes"}).status_code
        for service in (subscribed, unused)
    ]

    assert answers == [409, 302]
    assert list(Service.objects.all()) == [subscribed]
    page = text(backoffice.get(reverse("admin:profiles_service_delete", args=[subscribed.pk])))
    assert "1 profile is subscribed." in page
    assert "The consent history names it 1 time." in page


def test_service_can_be_added_and_changed(backoffice):
    data = {"label": "Offers", "public_label": "Our offers", "description": "Once a month.", "channel": "email"}
    data |= {"subscribed_message": "none", "unsubscribed_message": "none"}
    backoffice.post(reverse("admin:profiles_service_add"), data)
    service = Service.objects.get()

    backoffice.post(reverse("admin:profiles_service_change", args=[service.pk]), data | {"label": "Offers FR"})

    assert list(Service.objects.values_list("label", "public_label")) == [("Offers FR", "Our offers")]


def test_empty_service_list_says_what_to_do(backoffice):
    assert "There is no service yet" in text(backoffice.get(reverse("admin:profiles_service_changelist")))


def test_operators_can_be_added_changed_and_not_deleted(backoffice, django_user_model):
    add = {"username": "paul", "usable_password": "true", "password1": "a long pass phrase", "password2": "a long pass phrase"}
    response = backoffice.post(reverse("admin:auth_user_add"), add)
    paul = django_user_model.objects.get(username="paul")

    pages = [
        backoffice.get(reverse(f"admin:auth_{name}", args=args)).status_code
        for name, args in [
            ("user_changelist", []),
            ("user_add", []),
            ("user_change", [paul.pk]),
            ("user_password_change", [paul.pk]),
            ("user_delete", [paul.pk]),
            ("group_changelist", []),
            ("group_add", []),
        ]
    ]

    assert response.status_code == 302
    assert pages == [200, 200, 200, 200, 403, 200, 200]
