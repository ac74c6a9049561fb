"""The builder: any tree can be shown and comes back with the same meaning, whatever is pressed nothing that was typed is lost."""

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from profiles import audiences
from profiles.audience_builder import Builder, Condition, Group
from profiles.models import CustomField
from tests.factories import ServiceFactory
from tests.profiles.test_audiences import BELGIAN, FRENCH, IN_FRENCH, PEOPLE, found, people, trees  # noqa: F401

pytestmark = pytest.mark.django_db


def sent(builder):
    """What a browser sends of the form that shows the builder."""
    data = QueryDict(mutable=True)
    for part in parts_of(builder.root):
        if isinstance(part, Group):
            data[f"{part.path}:kind"] = part.kind
        else:
            data[f"{part.path}:field"] = part.field
            data[f"{part.path}:operator"] = part.operator
            data.setlist(f"{part.path}:value", part.texts)
    return data


def parts_of(part):
    yield part
    for inner in part.parts if isinstance(part, Group) else []:
        yield from parts_of(inner)


def shape(part):
    """The parts by their fields, groups as lists that start with their kind."""
    return [part.kind, *map(shape, part.parts)] if isinstance(part, Group) else part.field


def pressed(builder, button, **data):
    """The builder after a button, sent and read again as a browser does."""
    form = sent(builder)
    form.update(data)
    again = Builder.read(form)
    again.act(button, form)
    return again


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(tree=trees)
def test_any_tree_comes_back_from_the_form_with_the_same_meaning(people, tree):  # noqa: F811
    builder = Builder.read(sent(Builder.of(tree)))
    back = builder.tree()

    if any(leaf["value"] == [] for leaf in audiences.leaves(tree)):
        assert back is None  # "none of the countries" can be stored, but no form asks for it
    else:
        assert found(back) == found(tree)


def test_every_operator_of_every_field_comes_back_as_it_was(db):
    service = ServiceFactory()
    for key, kind in [("town", "text"), ("size", "number"), ("joined", "date"), ("vip", "yes_no"), ("colour", "choice")]:
        CustomField.objects.create(key=key, label=key, type=kind, options=["Red"])
    values = {"Text": "x y", "Number": 3.5, "Whole": 3, "Days": 3, "Day": "2026-03-01", "OneOf": ["FR"], "Nothing": None}

    def sample(value):
        kind = type(value).__name__
        return [sample(value.first), sample(value.second)] if kind in ("Pair", "Between") else values[kind]

    for about in audiences.fields().values():
        for name, operator in about.operators.items():
            entry = about.name in ("service", "audience", "delivery") and name not in ("received_any", "not_received_any")
            if entry and about.name != "service":
                continue
            value = ([service.pk, 3] if name in ("subscribed_last", "subscribed_older") else service.pk) if entry else None
            tree = {"all": [{"field": about.name, "operator": name, "value": value if entry else sample(operator.value)}]}
            assert Builder.read(sent(Builder.of(tree))).tree() == tree


def test_a_form_without_a_builder_is_none():
    assert Builder.read(QueryDict("label=x&a.0:field=country")) is None


def test_buttons_add_remove_and_nest():
    builder = pressed(Builder.of({}), "add:a", **{"a:new": "country"})
    builder = pressed(builder, "group:a")
    builder = pressed(builder, "add:a.1:city")
    builder = pressed(builder, "add:a.1:email")

    assert shape(builder.root) == ["all", "country", ["any", "city", "email"]]
    assert builder.focus == "a-1-1-operator"
    builder = pressed(builder, "remove:a.1.0")
    assert (shape(builder.root), builder.focus) == (["all", "country", ["any", "email"]], "a-1-0-remove")
    builder = pressed(pressed(builder, "remove:a.1"), "remove:a.0")
    assert (shape(builder.root), builder.focus) == (["all"], "a-new")


def test_moving_goes_past_conditions_into_groups_and_out_again():
    tree = {"all": [FRENCH, {"any": [IN_FRENCH]}, {**FRENCH, "field": "gender", "value": ["male"]}]}
    builder, shapes = Builder.of(tree), []
    for button in ["down:a.0", "down:a.0.0", "down:a.0.1", "down:a.1", "down:a.2", "up:a.2", "up:a.1", "up:a.0.1", "up:a.0.0"]:
        builder = pressed(builder, button)
        shapes.append(shape(builder.root))

    assert shapes == [
        ["all", ["any", "country", "preferred_language"], "gender"],
        ["all", ["any", "preferred_language", "country"], "gender"],
        ["all", ["any", "preferred_language"], "country", "gender"],
        ["all", ["any", "preferred_language"], "gender", "country"],
        ["all", ["any", "preferred_language"], "gender", "country"],
        ["all", ["any", "preferred_language"], "country", "gender"],
        ["all", ["any", "preferred_language", "country"], "gender"],
        ["all", ["any", "country", "preferred_language"], "gender"],
        ["all", "country", ["any", "preferred_language"], "gender"],
    ]
    assert builder.focus == "a-0-up"


@hypothesis_settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_is_pressed_only_remove_loses_a_condition(data):
    builder = Builder.of({"all": [FRENCH, {"any": [IN_FRENCH, {"not": {"all": [BELGIAN]}}]}]})
    for _number in range(8):
        before = sorted(tuple(one.texts) for one in builder.conditions)
        paths = [part.path for part in parts_of(builder.root)]
        path = data.draw(st.sampled_from([*paths, "a.9", "b", ""]))
        verb = data.draw(st.sampled_from(["up", "down", "group", "refresh", "use", ""]))
        builder = pressed(builder, f"{verb}:{path}")

        assert sorted(tuple(one.texts) for one in builder.conditions) == before
        assert [part.path for part in parts_of(builder.root)] == [
            path for part, path in zip(parts_of(builder.root), places(builder.root, "a"), strict=True)
        ]


def places(part, path):
    yield path
    for number, inner in enumerate(part.parts if isinstance(part, Group) else []):
        yield from places(inner, f"{path}.{number}")


@pytest.mark.parametrize(
    ("texts", "field", "operator", "message"),
    [
        ([""], "city", "is", "Write what to look for."),
        (["x" * 300], "city", "is", "Write at most 200 characters"),
        (["29/02/2000"], "birth_date", "on", "Write a date as year-month-day"),
        (["many"], "birth_date", "last", "Write a whole number from 0 to 36500."),
        (["30", "20"], "age", "between", "The first value must not be above the second."),
        ([], "country", "in", "Choose at least one."),
        (["F\0R"], "country", "in", "Choose from the list."),
        (["77"], "service", "subscribed", "Choose from the list."),
        (["x"], "shoe_size", "is", "This condition does not exist any more"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_there_and_kept(texts, field, operator, message):
    data = QueryDict(mutable=True)
    data.update({"a:kind": "all", "a.0:field": field, "a.0:operator": operator})
    data.setlist("a.0:value", texts)
    builder = Builder.read(data)

    assert builder.tree() is None
    [condition] = builder.conditions
    assert message in condition.error
    assert [condition.field, condition.operator, condition.texts] == [field, operator, texts]


def test_a_tree_that_is_not_understood_is_shown_and_cannot_be_saved():
    for tree in ({"every": []}, {"all": [FRENCH, {"some": 1}]}, {"field": "shoe_size", "operator": "is", "value": 4}, {"not": 5}):
        builder = Builder.of(tree)

        assert builder.tree() is None
        assert any(one.error for one in builder.conditions)


def test_a_group_of_an_unknown_kind_is_refused():
    data = QueryDict(mutable=True)
    data.update({"a:kind": "all", "a.0:kind": "some", "a.0.0:field": "country"})

    assert Builder.read(data).tree() is None


def test_groups_end_at_the_last_level_that_a_tree_may_have():
    builder = Builder.of({})
    path = "a"
    for _level in range(30):
        builder = pressed(builder, f"group:{path}")
        path += ".0"
    deepest = max((part.path for part in parts_of(builder.root)), key=len)

    builder = pressed(builder, f"add:{deepest}:city")
    builder.conditions[0].texts = ["Paris"]

    assert deepest.count(".") == audiences.DEPTH - 1
    assert builder.tree() is not None


def test_the_201st_condition_is_refused_and_says_so():
    builder = Builder.of({"all": [FRENCH] * 200})

    again = pressed(builder, "add:a:city")

    assert (len(again.conditions), again.said) == (200, "An audience has at most 200 conditions.")
    data = sent(builder)
    data.update({"a.200:field": "city", "a.200:operator": "is", "a.200:value": "x"})
    more = Builder.read(data)
    assert (more.tree(), more.error) == (None, "The audience has more than 200 conditions.")


def test_a_saved_audience_is_put_beside_what_is_there():
    builder = Builder.of({})
    builder.add({"any": [FRENCH, BELGIAN]})
    assert builder.tree() == {"any": [FRENCH, BELGIAN]}
    builder.add({"field": "city", "operator": "is", "value": "Paris"})
    assert builder.tree() == {"all": [{"any": [FRENCH, BELGIAN]}, {"field": "city", "operator": "is", "value": "Paris"}]}


def test_a_condition_knows_what_a_form_shows():
    [condition] = Builder.of({"all": [FRENCH]}).conditions

    assert isinstance(condition, Condition)
    assert (condition.label, condition.id, condition.texts, condition.is_touched) == ("Country", "a-0", ["FR"], True)
    assert [name for name, _label in condition.operators] == ["in", "not_in", "empty", "not_empty"]
