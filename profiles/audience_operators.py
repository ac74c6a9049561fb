"""The operators of each type of field: what an operator can choose, and the condition and the words that it stands for."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from profiles.audience_columns import DayColumn, TextColumn
from profiles.audience_values import Between, Choices, Day, Days, Nothing, Number, OneOf, Text, Value, Whole
from profiles.audiences import Moment, Operator

Operators = dict[str, Operator]
LONGEST_DAYS = 36_500
OLDEST = 150  # years

LIST_PHRASE = _("%(field)s: %(value)s")


def emptiness(is_empty: Q) -> Operators:
    return {
        "empty": Operator(_("is empty"), Nothing(), lambda value, moment: is_empty, _("%(field)s is empty")),
        "not_empty": Operator(_("is not empty"), Nothing(), lambda value, moment: ~is_empty, _("%(field)s is not empty")),
    }


def text(column: TextColumn, *, can_be_empty: bool = True) -> Operators:
    """ "Is not" and "does not contain" include who has none."""

    def operator(label: Any, test: str, phrase: Any, *, negated: bool = False) -> Operator:
        def condition(value: str, moment: Moment) -> Q:
            found = column.test(test, value)
            return ~found if negated else found

        return Operator(label, Text(), condition, phrase)

    operators = {
        "is": operator(_("is"), "equals", _("%(field)s is “%(value)s”")),
        "is_not": operator(_("is not"), "equals", _("%(field)s is not “%(value)s”"), negated=True),
        "starts": operator(_("starts with"), "starts", _("%(field)s starts with “%(value)s”")),
        "contains": operator(_("contains"), "contains", _("%(field)s contains “%(value)s”")),
        "contains_not": operator(_("does not contain"), "contains", _("%(field)s does not contain “%(value)s”"), negated=True),
    }
    return operators | (emptiness(column.is_empty) if can_be_empty else {})


def choice(
    choices: Callable[[], Choices], among: Callable[[list[str]], Q], is_empty: Q, *, codes: Callable[[str], bool] = str.isalnum
) -> Operators:
    value = OneOf(choices, codes)
    return {
        "in": Operator(_("is one of"), value, lambda codes, moment: among(codes), LIST_PHRASE),
        "not_in": Operator(_("is none of"), value, lambda codes, moment: ~among(codes), _("%(field)s: anything but %(value)s")),
        **emptiness(is_empty),
    }


def yes_no(is_yes: Q, is_no: Q | None = None) -> Operators:
    """Three answers where some people have none."""
    no = ~is_yes if is_no is None else is_no
    operators = {
        "yes": Operator(_("yes"), Nothing(), lambda value, moment: is_yes, _("%(field)s: yes")),
        "no": Operator(_("no"), Nothing(), lambda value, moment: no, _("%(field)s: no")),
    }
    return operators | (emptiness(~(is_yes | is_no)) if is_no is not None else {})


def number(compare: Callable[[str, Any], Q], is_empty: Q, *, value: Value | None = None) -> Operators:
    """`compare` takes =, <, >, <= or >= and a number, and is false without one."""
    one = value or Number()
    return {
        "is": Operator("=", one, lambda value, moment: compare("=", value), _("%(field)s = %(value)s")),
        "is_not": Operator("≠", one, lambda value, moment: ~compare("=", value), _("%(field)s ≠ %(value)s")),
        "less": Operator("<", one, lambda value, moment: compare("<", value), _("%(field)s < %(value)s")),
        "more": Operator(">", one, lambda value, moment: compare(">", value), _("%(field)s > %(value)s")),
        "between": Operator(
            _("is between"),
            Between(one),
            lambda value, moment: compare(">=", value[0]) & compare("<=", value[1]),
            _("%(field)s is between %(first)s and %(second)s"),
        ),
        **emptiness(is_empty),
    }


DAY = timedelta(days=1)
Limits = tuple[date | None, date | None]

# Name -> label, kind of value, phrase, and the days it means.
DAY_TESTS: dict[str, tuple[Any, Value, Any, Callable[[Any, Moment], Limits]]] = {
    "on": (_("is on"), Day(), _("%(field)s is on %(value)s"), lambda value, now: (_day(value), _day(value))),
    "before": (_("is before"), Day(), _("%(field)s is before %(value)s"), lambda value, now: (None, _day(value) - DAY)),
    "after": (_("is after"), Day(), _("%(field)s is after %(value)s"), lambda value, now: (_day(value) + DAY, None)),
    "between": (
        _("is between"),
        Between(Day()),
        _("%(field)s is between %(first)s and %(second)s"),
        lambda value, now: (_day(value[0]), _day(value[1])),
    ),
    "last": (
        _("is in the last … days"),
        Days(LONGEST_DAYS),
        _("%(field)s is in the last %(value)s"),
        lambda value, now: (now.days_ago(value), now.today),
    ),
    "older": (
        _("is more than … days ago"),
        Days(LONGEST_DAYS),
        _("%(field)s is more than %(value)s ago"),
        lambda value, now: (None, now.days_ago(value) - DAY),
    ),
    "next": (
        _("is in the next … days"),
        Days(LONGEST_DAYS),
        _("%(field)s is in the next %(value)s"),
        lambda value, now: (now.today, now.days_ago(-value)),
    ),
}


def _day(text: str) -> date:
    return date.fromisoformat(text)


def day(column: DayColumn, is_empty: Q | None = None) -> Operators:
    """A day, or a moment by its day. Nobody without one is before, after or between anything."""

    def operator(label: Any, value: Value, phrase: Any, limits: Callable[[Any, Moment], Limits]) -> Operator:
        return Operator(label, value, lambda value, moment: column(*limits(value, moment), moment), phrase)

    operators = {name: operator(*test) for name, test in DAY_TESTS.items()}
    return operators | (emptiness(is_empty) if is_empty is not None else {})


def age(born: DayColumn, is_empty: Q) -> Operators:
    """Completed years, as Profile.age counts them: who was born on 29 February is older from 1 March."""

    def aged(least: int | None, most: int | None, moment: Moment) -> Q:
        earliest = None if most is None else latest_birth(most + 1, moment.today) + DAY
        return born(earliest, None if least is None else latest_birth(least, moment.today), moment)

    one = Whole(OLDEST)
    return {
        "is": Operator("=", one, lambda value, moment: aged(value, value, moment), _("%(field)s = %(value)s")),
        "less": Operator("<", one, lambda value, moment: aged(None, value - 1, moment), _("%(field)s < %(value)s")),
        "more": Operator(">", one, lambda value, moment: aged(value + 1, None, moment), _("%(field)s > %(value)s")),
        "between": Operator(
            _("is between"),
            Between(one),
            lambda value, moment: aged(value[0], value[1], moment),
            _("%(field)s is between %(first)s and %(second)s"),
        ),
        **emptiness(is_empty),
    }


def latest_birth(years: int, today: date) -> date:
    """The last day on which somebody was born who has completed so many years today."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February, and no such day in that year
        return date(today.year - years, 2, 28)


def birthday(in_month_days: Callable[[list[tuple[str, str]]], Q]) -> Operators:
    return {
        "birthday": Operator(
            pgettext_lazy("audience", "has a birthday in the next … days"),
            Days(365),
            lambda value, moment: in_month_days(birthdays(moment.today, value)),
            _("a birthday in the next %(value)s"),
        )
    }


def birthdays(today: date, days: int) -> list[tuple[str, str]]:
    """Spans of month and day from today on; 29 February is celebrated on 1 March where the year has none."""
    last = today + timedelta(days=days)
    first_day, last_day = f"{today:%m-%d}", f"{last:%m-%d}"
    if days >= 365:
        return [("01-01", "12-31")]
    spans = [(first_day, last_day)] if last.year == today.year else [(first_day, "12-31"), ("01-01", last_day)]
    marches = [date(year, 3, 1) for year in {today.year, last.year}]
    if any(today <= march <= last and (march - DAY).day == 28 for march in marches):
        spans.append(("02-29", "02-29"))
    return spans
