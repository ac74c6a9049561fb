"""Why somebody is not in an audience: only what decides, and in words."""

from itertools import product

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from profiles import audiences
from profiles.audience_reasons import Judged
from profiles.models import Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db

FRENCH = {"field": "country", "operator": "in", "value": ["FR"]}
BELGIAN = {"field": "country", "operator": "in", "value": ["BE"]}
WOMAN = {"field": "gender", "operator": "in", "value": ["female"]}
PARIS = {"field": "city", "operator": "is", "value": "Paris"}
NOT_FRENCH, NOT_BELGIAN = "not true: Country: France", "not true: Country: Belgium"
NOT_A_WOMAN, NOT_IN_PARIS = "not true: Gender: Female", "not true: City is “Paris”"
IS_GERMAN, IS_A_MAN = "true, but must not be: Country: Germany", "true, but must not be: Gender: Male"
NONE, ALL = "none of these is true, and one is needed:", "all of these are true, and must not be together:"
NEEDED, FORBIDDEN = "all of these are needed:", "none of these may be true:"
PARIS_NOT = {"not": PARIS}
GERMAN = {"field": "country", "operator": "in", "value": ["DE"]}
MAN = {"field": "gender", "operator": "in", "value": ["male"]}


def told(reasons):
    return [(reason.text, told(reason.parts)) if reason.parts else reason.text for reason in reasons]


@pytest.mark.parametrize(
    ("tree", "reasons"),
    [
        ({}, []),
        (GERMAN, []),
        ({"not": FRENCH}, []),
        ({"any": [FRENCH, GERMAN]}, []),
        (FRENCH, [NOT_FRENCH]),
        ({"not": GERMAN}, [IS_GERMAN]),
        ({"not": {"not": FRENCH}}, [NOT_FRENCH]),
        ({"all": [GERMAN, WOMAN, PARIS]}, [NOT_A_WOMAN, NOT_IN_PARIS]),
        ({"any": [FRENCH, BELGIAN]}, [(NONE, [NOT_FRENCH, NOT_BELGIAN])]),
        ({"any": [FRENCH]}, [NOT_FRENCH]),
        ({"any": [{"all": [GERMAN, WOMAN]}, FRENCH]}, [(NONE, [NOT_A_WOMAN, NOT_FRENCH])]),
        ({"any": [{"all": [WOMAN, PARIS]}, FRENCH]}, [(NONE, [(NEEDED, [NOT_A_WOMAN, NOT_IN_PARIS]), NOT_FRENCH])]),
        ({"not": {"any": [FRENCH, GERMAN, MAN]}}, [IS_GERMAN, IS_A_MAN]),
        ({"not": {"all": [GERMAN, MAN]}}, [(ALL, [IS_GERMAN, IS_A_MAN])]),
        ({"not": {"all": [GERMAN, {"not": WOMAN}]}}, [(ALL, [IS_GERMAN, NOT_A_WOMAN])]),
        ({"not": {"all": [{"any": [GERMAN, MAN]}, PARIS_NOT]}}, [(ALL, [(FORBIDDEN, [IS_GERMAN, IS_A_MAN]), NOT_IN_PARIS])]),
        ({"any": []}, ["the audience is nobody"]),
        ({"not": {}}, ["the audience leaves everybody out"]),
    ],
)  # fmt: skip
def test_reasons_of_a_man_in_germany_name_what_decides(tree, reasons):
    profile = ProfileFactory(country="DE", gender="male", city="Berlin")

    assert told(Judged(tree, [profile.pk]).reasons(profile.pk)) == reasons
    assert audiences.profiles(tree).exists() == (not reasons)


leaves = st.sampled_from([FRENCH, WOMAN, PARIS])
trees = st.recursive(
    leaves | st.just({}),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda found: {"all": found}),
        st.lists(parts, max_size=3).map(lambda found: {"any": found}),
        parts.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


@pytest.fixture
def everybody(db):
    choices = product(["FR", "DE"], ["female", "male"], ["Paris", ""])
    return [ProfileFactory(country=country, gender=gender, city=city) for country, gender, city in choices]


@given(tree=trees)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_the_audience_leaves_out_gets_a_reason_and_nobody_else(everybody, tree):
    judged = Judged(tree, [profile.pk for profile in everybody])
    inside = set(audiences.profiles(tree).values_list("pk", flat=True))

    assert {profile.pk for profile in everybody if not judged.reasons(profile.pk)} == inside


def test_people_are_asked_about_together(everybody, django_assert_num_queries):
    judged = Judged({"all": [FRENCH, WOMAN]}, [profile.pk for profile in everybody])

    with django_assert_num_queries(2):
        told_of = [judged.reasons(profile.pk) for profile in everybody]

    assert sum(1 for reasons in told_of if not reasons) == 2


def test_a_tree_that_is_not_understood_is_told(db):
    with pytest.raises(audiences.InvalidAudience):
        Judged({"field": "shoe_size", "operator": "is", "value": 38}, Profile.objects.values_list("pk", flat=True))
