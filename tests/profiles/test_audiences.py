"""Rule trees: whom they mean, what they say, and that a mistake in one never widens it."""

from itertools import product

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from profiles import audiences
from profiles.audiences import EVERYBODY, InvalidAudience
from profiles.models import Profile, Source
from profiles.subscriptions import subscribe
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db

FRENCH = {"field": "country", "operator": "in", "value": ["FR"]}
BELGIAN = {"field": "country", "operator": "in", "value": ["BE"]}
IN_FRENCH = {"field": "preferred_language", "operator": "in", "value": ["fr"]}
IN_ENGLISH = {"field": "preferred_language", "operator": "in", "value": ["en"]}
PEOPLE = list(product(["FR", "BE", ""], ["fr", "en", ""]))
NOBODY = {"any": []}


@pytest.fixture
def people(db):
    """One profile for each country and language; each is called by the two."""
    return [ProfileFactory(country=country, preferred_language=language) for country, language in PEOPLE]


def found(tree):
    return sorted(audiences.profiles(tree).values_list("country", "preferred_language"))


def those(*pairs):
    return sorted(pairs)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({}, PEOPLE),
        (EVERYBODY, PEOPLE),
        (NOBODY, []),
        ({"not": EVERYBODY}, []),
        ({"not": {}}, []),
        ({"not": NOBODY}, PEOPLE),
        (FRENCH, [("FR", "fr"), ("FR", "en"), ("FR", "")]),
        (IN_ENGLISH, [("FR", "en"), ("BE", "en"), ("", "en")]),
        ({**FRENCH, "value": ["FR", "BE"]}, [pair for pair in PEOPLE if pair[0]]),
        ({**FRENCH, "value": []}, []),
        ({"not": {**FRENCH, "value": []}}, PEOPLE),
        ({"not": FRENCH}, [pair for pair in PEOPLE if pair[0] != "FR"]),
        ({"not": {"not": FRENCH}}, [pair for pair in PEOPLE if pair[0] == "FR"]),
        ({"all": [FRENCH, IN_FRENCH]}, [("FR", "fr")]),
        ({"any": [FRENCH, IN_FRENCH]}, [pair for pair in PEOPLE if pair[0] == "FR" or pair[1] == "fr"]),
        ({"all": [{"any": [FRENCH, BELGIAN]}, IN_ENGLISH]}, [("FR", "en"), ("BE", "en")]),
        ({"any": [{"all": [FRENCH, IN_FRENCH]}, {"all": [BELGIAN, IN_ENGLISH]}]}, [("FR", "fr"), ("BE", "en")]),
        ({"all": [FRENCH, {"not": {"any": [IN_FRENCH, IN_ENGLISH]}}]}, [("FR", "")]),
        ({"any": [EVERYBODY, FRENCH]}, PEOPLE),
        ({"any": [{}, FRENCH]}, PEOPLE),
        ({"any": [NOBODY, FRENCH]}, [pair for pair in PEOPLE if pair[0] == "FR"]),
        ({"all": [NOBODY, FRENCH]}, []),
        ({"all": [EVERYBODY, FRENCH]}, [pair for pair in PEOPLE if pair[0] == "FR"]),
        ({"all": [FRENCH, BELGIAN]}, []),
    ],
    ids=str,
)
def test_a_tree_means_these_people(people, tree, expected):
    assert found(tree) == those(*expected)


def test_subscribers_of_a_service_are_found_once(people):
    letter, other = ServiceFactory(), ServiceFactory()
    for service in (letter, other):
        subscribe(people[0], service, source=Source.OPERATOR, by="Ana")
    subscribe(people[1], other, source=Source.OPERATOR, by="Ana")
    leaf = {"field": "service", "operator": "subscribed", "value": letter.pk}

    assert list(audiences.profiles(leaf)) == [people[0]]
    assert audiences.profiles({"any": [leaf, FRENCH]}).count() == 3
    assert audiences.profiles({"all": [{"not": leaf}, FRENCH]}).count() == 2
    assert list(audiences.profiles(leaf | {"value": letter.pk + 1000})) == []


INVALID = [
    [],
    None,
    "all",
    7,
    True,
    {"every": []},
    {"all": "country"},
    {"all": {}},
    {"all": [FRENCH], "any": []},
    {"all": [], **FRENCH},
    {"any": [], "not": FRENCH},
    {**FRENCH, "negate": True},
    {"all": [FRENCH, []]},
    {"all": [None]},
    {"not": []},
    {"not": None},
    {"not": [FRENCH]},
    {"field": "country", "operator": "in"},
    {"field": "country", "value": ["FR"]},
    {**FRENCH, "field": "shoe_size"},
    {**FRENCH, "field": "password__startswith"},
    {**FRENCH, "field": ["country"]},
    {**FRENCH, "field": None},
    {**FRENCH, "operator": "is not"},
    {"all": [FRENCH] * 201},
    {**FRENCH, "operator": {}},
    {**FRENCH, "value": "FR"},
    {**FRENCH, "value": None},
    {**FRENCH, "value": 5},
    {**FRENCH, "value": {"FR": 1}},
    {**FRENCH, "value": [1]},
    {**FRENCH, "value": [["FR"]]},
    {**FRENCH, "value": ["F\0R"]},
    {**FRENCH, "value": ["FR"] * 1001},
    {"field": "service", "operator": "subscribed", "value": "1"},
    {"field": "service", "operator": "subscribed", "value": [1]},
    {"field": "service", "operator": "subscribed", "value": True},
    {"field": "service", "operator": "subscribed", "value": None},
    {"field": "service", "operator": "subscribed", "value": 0},
    {"field": "service", "operator": "subscribed", "value": 2**63},
    {"field": "service", "operator": "in", "value": [1]},
]


@pytest.mark.parametrize("tree", INVALID, ids=lambda tree: str(tree)[:60])
def test_a_tree_that_is_not_understood_is_nobodys(people, tree):
    for wrapped in (tree, {"all": [FRENCH, tree]}, {"any": [tree]}, {"not": tree}):
        with pytest.raises(InvalidAudience):
            audiences.profiles(wrapped)
        with pytest.raises(InvalidAudience):
            audiences.in_words(wrapped)


def test_a_tree_without_end_is_not_understood():
    tree = FRENCH
    for _level in range(5000):
        tree = {"all": [tree]}

    with pytest.raises(InvalidAudience, match="levels"):
        audiences.profiles(tree)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({}, "everybody"),
        (EVERYBODY, "everybody"),
        (NOBODY, "nobody"),
        ({"not": {}}, "not (everybody)"),
        (FRENCH, "Country: France"),
        ({**FRENCH, "value": ["FR", "BE"]}, "Country: France or Belgium"),
        ({**FRENCH, "value": []}, "Country: none"),
        ({"all": [FRENCH]}, "Country: France"),
        ({"all": [FRENCH, IN_FRENCH]}, "Country: France and Preferred language: French"),
        ({"any": [FRENCH, IN_FRENCH]}, "Country: France or Preferred language: French"),
        (
            {"all": [{"any": [FRENCH, BELGIAN]}, IN_FRENCH]},
            "(Country: France or Country: Belgium) and Preferred language: French",
        ),
        (
            {"any": [{"all": [FRENCH, IN_ENGLISH]}, BELGIAN]},
            "(Country: France and Preferred language: English) or Country: Belgium",
        ),
        ({"all": [NOBODY, FRENCH]}, "nobody and Country: France"),
        ({"all": [FRENCH, {"not": IN_FRENCH}]}, "Country: France and not (Preferred language: French)"),
    ],
    ids=str,
)
def test_a_tree_says_whom_it_means(tree, words):
    assert audiences.in_words(tree) == words


def test_words_are_in_the_readers_language_and_name_the_service():
    letter = ServiceFactory(label="Thursday letter")
    leaf = {"field": "service", "operator": "subscribed", "value": letter.pk}

    with translation.override("en"):
        assert audiences.in_words(leaf) == "subscribed to “Thursday letter”"
        assert audiences.in_words(leaf | {"value": letter.pk + 1}) == "subscribed to “a deleted service”"
    with translation.override("fr"):
        assert "Belgique" in audiences.in_words(BELGIAN)


leaves = st.sampled_from([FRENCH, BELGIAN, IN_FRENCH, IN_ENGLISH, {}, EVERYBODY, NOBODY, {**FRENCH, "value": []}])
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)


def holds(tree, country, language):
    """The meaning of a tree in plain Python."""
    match tree:
        case {"all": parts}:
            return all(holds(part, country, language) for part in parts)
        case {"any": parts}:
            return any(holds(part, country, language) for part in parts)
        case {"not": part}:
            return not holds(part, country, language)
        case {"field": "country", "value": value}:
            return country in value
        case {"field": "preferred_language", "value": value}:
            return language in value
    return True


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tree=trees)
def test_any_tree_means_what_plain_python_says(people, tree):
    assert found(tree) == those(*(pair for pair in PEOPLE if holds(tree, *pair)))
    assert Profile.objects.count() == len(PEOPLE)
