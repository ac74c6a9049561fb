"""Every operator of every field, on the database, against what plain Python says about the same people."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from profiles import audience_columns, audience_operators, audiences
from profiles.audiences import InvalidAudience
from profiles.fields import fold
from profiles.models import AudienceMember, CustomField, Profile, SavedAudience, Source, Subscription
from profiles.subscriptions import subscribe
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TODAY = NOW.date()

TEXTS = ["", "Paris", "PARIS", "paris 11", "Île-de-France", "île", "São Paulo", "a%b_c", "O'Brien", 'say "x"', "\\"]
NUMBERS = [None, 0, -3, 3, 3.5, 41.999, 2**53, "3", True]
DAYS = [None, "2000-02-29", "2026-03-01", "2026-02-28", "2026-03-02", "1999-12-31", "2026-02-22", "2026-02-21", 20260301]
ANSWERS = [None, True, False, "yes", 1]
OPTIONS = [None, "Red", "blue", "Deep blue", 7]
CUSTOM = [("town", "text"), ("size", "number"), ("joined", "date"), ("vip", "yes_no"), ("colour", "choice")]


@pytest.fixture
def fields(db):
    for key, kind in CUSTOM:
        CustomField.objects.create(key=key, label=key.capitalize(), type=kind, options=["Red", "blue", "Deep blue"])


@pytest.fixture
def people(fields):
    """As many as the longest list of values; the n-th has the n-th of each, again from the start where it is shorter."""
    made = []
    for number in range(33):
        pick = lambda values, number=number: values[number % len(values)]  # noqa: E731
        custom = {"town": pick(TEXTS), "size": pick(NUMBERS), "joined": pick(DAYS), "vip": pick(ANSWERS), "colour": pick(OPTIONS)}
        born = pick(DAYS[:-1])
        person = ProfileFactory(
            first_name=pick(TEXTS),
            city=pick(TEXTS),
            external_id=pick(TEXTS),
            email=pick(["", "anna@example.org", "ben@EXAMPLE.net".lower(), "carl%x@sub.example.org", f"p{number}@example.org"]),
            mobile=pick(["", "+33612345678", "+4420"]),
            country=pick(["", "FR", "BE"]),
            gender=pick(["", "male", "female"]),
            birth_date=born and date.fromisoformat(born),
            address_specified=pick([True, False]),
            opted_out=pick([[], ["email"], ["all", "sms"]]),
            custom={key: value for key, value in custom.items() if value not in (None, "")}
            | ({"size": None} if number == 5 else {}),
        )
        created = NOW - timedelta(hours=pick([0, 1, 11, 13, 24, 36, 24 * 7, 24 * 7 + 13, 24 * 30]))
        Profile.objects.filter(pk=person.pk).update(created_at=created)
        made.append(Profile.objects.get(pk=person.pk))
    return made


def found(tree, at=NOW):
    return sorted(audiences.profiles(tree, at=at).values_list("pk", flat=True))


def leaf(field, operator, value=None):
    return {"field": field, "operator": operator, "value": value}


def loose(text):
    return text.translate({ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})


def same(text):
    return text


TEXT_TESTS = {
    "is": lambda has, asked: has == asked,
    "is_not": lambda has, asked: has != asked,
    "starts": lambda has, asked: has.startswith(asked),
    "contains": lambda has, asked: asked in has,
    "contains_not": lambda has, asked: asked not in has,
}
NUMBER_TESTS = {
    "is": lambda has, asked: has is not None and has == asked,
    "is_not": lambda has, asked: has is None or has != asked,
    "less": lambda has, asked: has is not None and has < asked,
    "more": lambda has, asked: has is not None and has > asked,
}
DAY_TESTS = {
    "on": lambda has, asked: has == asked,
    "before": lambda has, asked: has < asked,
    "after": lambda has, asked: has > asked,
}
DAYS_TESTS = {
    "last": lambda has, days: TODAY - timedelta(days) <= has <= TODAY,
    "older": lambda has, days: has < TODAY - timedelta(days),
    "next": lambda has, days: TODAY <= has <= TODAY + timedelta(days),
}


def custom(key, kind):
    """What a custom field holds, where it is of the type of the field."""

    def read(person):
        value = person.custom.get(key)
        return value if type(value) in kind else None

    return read


TEXT_FIELDS = {
    "first_name": (lambda person: fold(person.first_name), fold),
    "city": (lambda person: loose(person.city), loose),
    "external_id": (lambda person: person.external_id, same),
    "email": (lambda person: person.email, str.lower),
    "email_domain": (lambda person: person.email.partition("@")[2], str.lower),
    "mobile": (lambda person: person.mobile, lambda text: text.replace(" ", "")),
    "custom.town": (lambda person: loose(custom("town", (str,))(person) or ""), loose),
}
NUMBER_FIELDS = {"custom.size": custom("size", (int, float)), "age": lambda person: age(person)}
DAY_FIELDS = {
    "birth_date": lambda person: person.birth_date,
    "created_at": lambda person: timezone.localdate(person.created_at),
    "custom.joined": lambda person: (value := custom("joined", (str,))(person)) and date.fromisoformat(value),
}


def age(person):
    born = person.birth_date
    return born and TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def check(people, tree, holds):
    """The tree finds those for whom it holds, and "not" everybody else."""
    expected = sorted(person.pk for person in people if holds(person))
    everybody = sorted(person.pk for person in people)

    assert found(tree) == expected, tree
    assert found({"not": tree}) == sorted(set(everybody) - set(expected)), tree
    assert found({"any": [{"not": {"all": [tree]}}, tree]}) == everybody, tree


@pytest.mark.parametrize("name", TEXT_FIELDS)
def test_text_fields_mean_what_plain_python_says(people, name):
    read, prepare = TEXT_FIELDS[name]
    asked = [*TEXTS[1:], "example.org", "@", "+33 6", "12", "_", "%", "o'b"]
    for operator, holds in TEXT_TESTS.items():
        for text in asked:
            check(people, leaf(name, operator, text), lambda person: holds(read(person), prepare(text)))  # noqa: B023
    check(people, leaf(name, "empty"), lambda person: read(person) == "")
    check(people, leaf(name, "not_empty"), lambda person: read(person) != "")


def test_a_text_of_which_folding_leaves_nothing_is_in_nobodys_name(people):
    assert found(leaf("first_name", "starts", "\u0301")) == found(leaf("first_name", "is", "\u0301")) == []
    assert len(found(leaf("first_name", "contains_not", "\u0301"))) == len(people)


@pytest.mark.parametrize("name", NUMBER_FIELDS)
def test_numbers_mean_what_plain_python_says(people, name):
    read = NUMBER_FIELDS[name]
    asked = [0, 3, 26, 25] if name == "age" else [0, -3, 3, 3.0, 3.5, 42, 2**53, 0.1]
    names = {"is", "less", "more"} if name == "age" else set(NUMBER_TESTS)
    for operator in names:
        for number in asked:
            check(people, leaf(name, operator, number), lambda person: NUMBER_TESTS[operator](read(person), number))  # noqa: B023
    for low, high in [(0, 3), (3, 3), (25, 26), (0, 149)]:
        check(
            people,
            leaf(name, "between", [low, high]),
            lambda person: read(person) is not None and low <= read(person) <= high,  # noqa: B023
        )
    check(people, leaf(name, "empty"), lambda person: read(person) is None)
    check(people, leaf(name, "not_empty"), lambda person: read(person) is not None)


@pytest.mark.parametrize("name", DAY_FIELDS)
def test_days_mean_what_plain_python_says(people, name):
    read = DAY_FIELDS[name]
    asked = [date(2000, 2, 29), TODAY, TODAY - timedelta(1), date(1800, 1, 1)]
    for operator, holds in DAY_TESTS.items():
        for day in asked:
            tree = leaf(name, operator, day.isoformat())
            check(people, tree, lambda person: read(person) is not None and holds(read(person), day))  # noqa: B023
    for operator, holds in DAYS_TESTS.items():
        for days in (0, 1, 7, 36_500):
            tree = leaf(name, operator, days)
            check(people, tree, lambda person: read(person) is not None and holds(read(person), days))  # noqa: B023
    low, high = date(2000, 1, 1), TODAY
    tree = leaf(name, "between", [low.isoformat(), high.isoformat()])
    check(people, tree, lambda person: read(person) is not None and low <= read(person) <= high)
    if name != "created_at":
        check(people, leaf(name, "empty"), lambda person: read(person) is None)
        check(people, leaf(name, "not_empty"), lambda person: read(person) is not None)


@pytest.mark.parametrize("name", ["country", "gender", "custom.colour"])
def test_choices_mean_what_plain_python_says(people, name):
    read = custom("colour", (str,)) if name.startswith("custom") else (lambda person: getattr(person, name))
    for codes in (["FR"], ["FR", "BE"], [], ["male", "Red"], ["blue", "Deep blue"]):
        if name == "custom.colour" or all(code.isalnum() for code in codes):
            check(people, leaf(name, "in", codes), lambda person: read(person) in codes)  # noqa: B023
            check(people, leaf(name, "not_in", codes), lambda person: read(person) not in codes)  # noqa: B023
    check(people, leaf(name, "empty"), lambda person: not read(person))
    check(people, leaf(name, "not_empty"), lambda person: bool(read(person)))


@pytest.mark.parametrize("name", ["address_specified", "opted_out_all", "opted_out_email", "opted_out_sms", "custom.vip"])
def test_yes_and_no_mean_what_plain_python_says(people, name):
    read = custom("vip", (bool,)) if name.startswith("custom") else (lambda person: getattr(person, name))
    check(people, leaf(name, "yes"), lambda person: read(person) is True)
    check(people, leaf(name, "no"), lambda person: read(person) is False)
    if name == "custom.vip":
        check(people, leaf(name, "empty"), lambda person: read(person) is None)
        check(people, leaf(name, "not_empty"), lambda person: read(person) is not None)


def celebrates(born, today, days):
    """Whether a birthday falls on one of the days; 29 February is celebrated on 1 March where there is none."""
    for number in range(days + 1):
        day = today + timedelta(number)
        if (born.month, born.day) == (day.month, day.day):
            return True
        if (born.month, born.day) == (2, 29) and (day.month, day.day) == (3, 1) and (day - timedelta(1)).day == 28:
            return True
    return False


@hypothesis_settings(deadline=None)
@given(
    today=st.dates(date(2023, 1, 1), date(2029, 1, 1)),
    days=st.integers(0, 365),
    born=st.dates(date(1950, 1, 1), date(2010, 1, 1)) | st.sampled_from([date(2000, 2, 29), date(2001, 3, 1), date(2001, 2, 28)]),
)
def test_birthdays_are_those_of_a_calendar(today, days, born):
    spans = audience_operators.birthdays(today, days)

    assert any(first <= f"{born:%m-%d}" <= last for first, last in spans) == celebrates(born, today, days)


@pytest.mark.parametrize("days", [0, 1, 30, 365])
@pytest.mark.parametrize(
    "at", [NOW, NOW - timedelta(1), datetime(2028, 2, 29, 8, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)]
)
def test_birthdays_are_found(people, at, days):
    expected = [person.pk for person in people if person.birth_date and celebrates(person.birth_date, at.date(), days)]

    assert found(leaf("birth_date", "birthday", days), at=at) == expected


@hypothesis_settings(deadline=None)
@given(
    today=st.dates(date(2023, 1, 1), date(2029, 1, 1)),
    born=st.dates(date(1950, 1, 1), date(2020, 1, 1)),
    years=st.integers(0, 70),
)
def test_the_latest_birth_of_an_age_agrees_with_the_age(today, born, years):
    completed = today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    assert (born <= audience_operators.latest_birth(years, today)) == (completed >= years)


def test_relative_days_are_those_of_the_installation_and_of_the_moment_asked(people, settings):
    """23:30 UTC on 28 February is already 1 March in Paris, whatever zone the operator looks from."""
    late = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    person = people[0]
    Profile.objects.update(birth_date=date(2026, 3, 1), created_at=NOW - timedelta(days=400))
    Profile.objects.filter(pk=person.pk).update(created_at=datetime(2026, 2, 28, 23, 10, tzinfo=UTC))

    assert found(leaf("birth_date", "next", 0), at=late) == []
    assert found(leaf("created_at", "on", "2026-02-28"), at=late) == [person.pk]
    settings.TIME_ZONE = "Europe/Paris"
    with timezone.override("Pacific/Honolulu"):
        assert len(found(leaf("birth_date", "next", 0), at=late)) == len(people)
        assert found(leaf("created_at", "on", "2026-03-01"), at=late) == [person.pk]


def test_subscriptions_are_asked_by_service_and_since_when(people):
    letter, other = ServiceFactory(), ServiceFactory()
    for number, person in enumerate(people[:4]):
        subscribe(person, letter, source=Source.OPERATOR, by="Ana")
        Subscription.objects.filter(profile=person).update(created_at=NOW - timedelta(days=number * 10))
    subscribe(people[4], other, source=Source.OPERATOR, by="Ana")

    ids = [person.pk for person in people]
    assert found(leaf("service", "subscribed", letter.pk)) == ids[:4]
    assert found(leaf("service", "not_subscribed", letter.pk)) == ids[4:]
    assert found(leaf("service", "subscribed_last", [letter.pk, 10])) == ids[:2]
    assert found(leaf("service", "subscribed_older", [letter.pk, 10])) == ids[2:4]
    assert found({"not": leaf("service", "subscribed_older", [letter.pk, 10])}) == ids[:2] + ids[4:]


def test_members_of_a_list_are_found_and_a_list_that_is_gone_is_nobodys(people):
    some = SavedAudience.objects.create(label="Guests", kind="list", size=2, counted_at=NOW)
    for person in people[:2]:
        AudienceMember.objects.create(audience=some, profile=person)
    ids = [person.pk for person in people]

    assert found(leaf("audience", "in", some.pk)) == ids[:2]
    assert found(leaf("audience", "not_in", some.pk)) == ids[2:]
    assert audiences.in_words(leaf("audience", "in", some.pk)) == "in the list “Guests”"
    SavedAudience.objects.update(size=None, counted_at=None)
    for operator in ("in", "not_in"):
        with pytest.raises(InvalidAudience, match="deleted or not complete"):
            found(leaf("audience", operator, some.pk))


def test_a_custom_field_is_found_by_its_key_and_a_removed_one_is_nobodys(people):
    assert audiences.in_words(leaf("custom.size", "more", 3.5)) == "Size > 3.5"
    CustomField.objects.filter(key="size").delete()

    with pytest.raises(InvalidAudience):
        found(leaf("custom.size", "more", 3.5))


def test_own_fields_are_read_once_whatever_the_number_of_conditions(people, django_assert_num_queries):
    tree = {"any": [leaf("custom.size", "more", number) for number in range(200)]}

    with django_assert_num_queries(2):
        assert found(tree)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_any_tree_of_any_fields_is_the_complement_of_its_negation(people, data):
    """Three-valued logic would lose those without a value from both."""
    leaves = st.sampled_from([
        leaf("birth_date", "before", "2000-01-01"),
        leaf("birth_date", "birthday", 10),
        leaf("age", "more", 20),
        leaf("custom.size", "less", 4),
        leaf("custom.town", "contains_not", "a"),
        leaf("custom.joined", "older", 3),
        leaf("custom.vip", "no"),
        leaf("custom.colour", "not_in", ["Red"]),
        leaf("city", "starts", "p"),
    ])  # fmt: skip
    trees = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=6,
    )
    tree = data.draw(trees)

    assert sorted(found(tree) + found({"not": tree})) == sorted(person.pk for person in people)


REFUSED = [
    ("is", ""),
    ("is", "x" * 201),
    ("is", "a\0b"),
    ("is", "\ud800"),
    ("is", 5),
    ("is", ["x"]),
    ("empty", ""),
    ("empty", True),
]


@pytest.mark.parametrize(("operator", "value"), REFUSED)
def test_a_text_of_another_kind_is_refused(fields, operator, value):
    for name in ("city", "custom.town"):
        with pytest.raises(InvalidAudience):
            audiences.condition(leaf(name, operator, value))


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("custom.size", "is", "3"),
        ("custom.size", "is", True),
        ("custom.size", "is", float("nan")),
        ("custom.size", "is", 10**30),
        ("custom.size", "between", [3]),
        ("custom.size", "between", [4, 3]),
        ("age", "is", 1.5),
        ("age", "is", -1),
        ("age", "is", 151),
        ("birth_date", "on", "29/02/2000"),
        ("birth_date", "on", "2001-02-29"),
        ("birth_date", "on", "0001-01-01"),
        ("birth_date", "on", "20000229"),
        ("birth_date", "last", -1),
        ("birth_date", "last", 36_501),
        ("birth_date", "birthday", 366),
        ("birth_date", "between", ["2001-01-01", "2000-01-01"]),
        ("service", "subscribed_last", [1]),
        ("service", "subscribed_last", [1, "7"]),
        ("opted_out_all", "yes", True),
        ("time_zone", "in", ["Europe/\0Paris"]),
    ],
)
def test_a_value_of_another_kind_is_refused(fields, field, operator, value):
    with pytest.raises(InvalidAudience):
        audiences.condition(leaf(field, operator, value))


def test_every_field_says_itself_in_both_parts(fields):
    """A phrase whose placeholders do not fit its value would fail when somebody reads it."""
    samples = {"Text": "x", "Number": 3, "Whole": 3, "Days": 3, "Day": "2026-03-01", "OneOf": ["FR"], "Entry": 1, "Nothing": None}

    def sample(value):
        kind = type(value).__name__
        return [sample(value.first), sample(value.second)] if kind in ("Pair", "Between") else samples[kind]

    for field in audiences.fields().values():
        for name, operator in field.operators.items():
            words = audiences.in_words(leaf(field.name, name, sample(operator.value)))
            assert words
            assert "%(" not in words
            if field.name != "audience":
                assert isinstance(found(leaf(field.name, name, sample(operator.value))), list)


def test_columns_compare_small_letters_of_a_to_z_alone():
    assert {chr(number) for number in audience_columns.ASCII_LOWER} == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
