"""Long logs: read by their key in both directions, searched by name, address and ID."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deliveries import stretches
from profiles.models import Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(make_delivery, prepare, monkeypatch):
    """Seven people left out and one who is not, three to a page."""
    monkeypatch.setattr(stretches, "ROWS", 3)
    for number in range(7):
        ProfileFactory(first_name=f"P{number}", opted_out=["email"])
    ProfileFactory(first_name="Reached")
    delivery = make_delivery()
    prepare(delivery)
    return delivery


def look(backoffice, delivery, name="exclusion_log", **query):
    context = backoffice.get(reverse(f"deliveries:{name}", args=[delivery.pk]), query).context
    people = [line.profile if hasattr(line, "profile") else line[1] for line in context["lines"]]
    return context["stretch"], [person.first_name for person in people]


def test_a_log_is_read_forwards_and_back(backoffice, seven):
    first, names = look(backoffice, seven)
    assert (names, first.before) == (["P0", "P1", "P2"], None)
    second, names = look(backoffice, seven, after=first.after)
    assert names == ["P3", "P4", "P5"]
    last, names = look(backoffice, seven, after=second.after)
    assert (names, last.after) == (["P6"], None)
    back, names = look(backoffice, seven, before=last.before)
    assert names == ["P3", "P4", "P5"]
    start, names = look(backoffice, seven, before=back.before)
    assert (names, start.before, start.after) == (["P0", "P1", "P2"], None, first.after)


@pytest.mark.parametrize("place", [{"after": "x"}, {"before": ""}, {"after": "-1"}, {"before": "９"}])
def test_a_place_that_is_none_is_the_beginning(backoffice, seven, place):
    assert look(backoffice, seven, **place)[1] == ["P0", "P1", "P2"]


def test_a_place_beyond_every_number_is_empty(backoffice, seven):
    assert look(backoffice, seven, after="9" * 40)[1] == []


def test_no_row_is_counted_off(backoffice, seven):
    with CaptureQueriesContext(connection) as queries:
        look(backoffice, seven, after="3", rule="blocklist")

    assert [query["sql"] for query in queries if "OFFSET" in query["sql"]] == []


@pytest.mark.parametrize(
    ("query", "counted"),
    [({}, "7 people"), ({"rule": "blocklist:email"}, "7 people"), ({"q": "P"}, "more than 3 people"), ({"q": "P1"}, "1 person")],
)
def test_a_log_says_how_many_there_are_where_that_is_known(backoffice, seven, query, counted):
    response = backoffice.get(reverse("deliveries:exclusion_log", args=[seven.pk]), query)

    assert response.context["counted"] == counted


def test_people_are_found_by_each_of_their_names(backoffice, make_delivery, prepare, merge):
    anna = ProfileFactory(first_name="Anna", email="anna@example.org", external_id="CRM-7", opted_out=["email"])
    twin = ProfileFactory(first_name="Twin", email="", opted_out=["email"])
    ProfileFactory(first_name="Other", opted_out=["email"])
    delivery = make_delivery()
    prepare(delivery)
    merge(anna, twin)
    Profile.objects.filter(pk=anna.pk).update(email="new@example.org")

    def found(text):
        return look(backoffice, delivery, q=text)[1]

    for text in ("anna@", "ANNA@example.org", "CRM-7", str(anna.public_id), str(twin.public_id), "new@example.org", "Anna"):
        assert set(found(text)) == {"Anna"}, text
    assert found("crm-7") == []


def test_a_search_that_fits_many_finds_the_same(backoffice, seven, monkeypatch):
    expected = look(backoffice, seven, q="P")[1]
    monkeypatch.setattr(stretches, "FEW", 2)

    assert look(backoffice, seven, q="P")[1] == expected == ["P0", "P1", "P2"]
    assert look(backoffice, seven, name="sending_log", q="p")[1] == []
