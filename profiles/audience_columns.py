"""How audiences ask the columns of a profile, the same on both databases and never NULL.

A text column ignores case: the folded ones accents too, the others that of A to Z alone (what both databases can do alike).
A value of a custom field counts only where it has the type of the field; PostgreSQL would compare a text with a number.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, CharField, F, Func, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Left, StrIndex
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThanOrEqual
from django.db.models.sql.compiler import SQLCompiler

from profiles.audiences import ANYONE, NO_ONE, Moment
from profiles.fields import prefix

ASCII_LOWER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
TEXT = CharField()


class AsciiLower(Func):
    """A to Z as small letters, all else as it is: SQLite's LOWER, and PostgreSQL's under the collation "C"."""

    function = "LOWER"
    output_field = TEXT

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template='LOWER((%(expressions)s) COLLATE "C")', **context)


class MonthDay(Func):
    """Month and day of a date as text such as 02-29; NULL without a date."""

    output_field = TEXT

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 6, 5)", **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        template = "TO_CHAR(%(expressions)s, 'MM-DD') COLLATE \"C\""
        return self.as_sql(compiler, connection, template=template, **context)


class CustomTest(Func):
    """Whether a value of Profile.custom passes; false where there is none or it is of another type.

    The type is looked at where the comparison holds: for most profiles the value is read once. (SQLite would work out both
    sides of an AND.)
    """

    output_field = BooleanField()
    VALUES = {  # type of the value -> (SQLite, PostgreSQL)
        "text": ("JSON_EXTRACT({column}, %s)", '({column} ->> %s) COLLATE "C"'),
        "folded": ("LOWER(JSON_EXTRACT({column}, %s))", 'LOWER(({column} ->> %s) COLLATE "C")'),
        "number": ("JSON_EXTRACT({column}, %s)", "({column} -> %s)"),
        "boolean": ("JSON_EXTRACT({column}, %s)", "({column} -> %s)"),
    }
    TYPES = {
        "text": ("JSON_TYPE({column}, %s) = 'text'", "JSONB_TYPEOF({column} -> %s) = 'string'"),
        "number": ("JSON_TYPE({column}, %s) IN ('integer', 'real')", "JSONB_TYPEOF({column} -> %s) = 'number'"),
        "boolean": ("JSON_TYPE({column}, %s) IN ('true', 'false')", "JSONB_TYPEOF({column} -> %s) = 'boolean'"),
    }
    TYPES["folded"] = TYPES["text"]

    MARKERS = {"number": "%s::jsonb", "boolean": "%s::jsonb"}  # of PostgreSQL: a constant, read once

    def __init__(self, key: str, kind: str, test: str, *values: Any) -> None:
        """`test` is SQL about {value}, with one {} for each of the values; POSITION is each database's own."""
        super().__init__(F("custom"))
        self.key, self.kind, self.test, self.values = key, kind, test, values

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self._sql(compiler, 0, path=f'$."{self.key}"', marker="%s", position="INSTR", false="0")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        marker = self.MARKERS.get(self.kind, "%s")
        return self._sql(compiler, 1, path=self.key, marker=marker, position="STRPOS", false="FALSE")

    def _sql(
        self, compiler: SQLCompiler, engine: int, *, path: str, marker: str, position: str, false: str
    ) -> tuple[str, list[Any]]:
        column, _none = compiler.compile(self.source_expressions[0])
        value, kind = (table[self.kind][engine].format(column=column) for table in (self.VALUES, self.TYPES))
        as_json = "jsonb" in marker
        values = (json.dumps(value) if as_json else value for value in self.values)
        sql = self.test.replace("POSITION", position)
        parameters = [next(values) if mark == "{}" else path for mark in re.findall(r"{value}|{}", sql)]
        sql = sql.replace("{value}", value).replace("{}", marker)
        return f"CASE WHEN {sql} THEN {kind} ELSE {false} END", [*parameters, path]


@dataclass(frozen=True)
class TextColumn:
    """A text as audiences compare it: `prepare` does to what was typed what the column had done to it."""

    prepare: Callable[[str], str]
    equals: Callable[[str], Q]
    starts: Callable[[str], Q]
    contains: Callable[[str], Q]
    is_empty: Q

    def test(self, name: str, typed: str) -> Q:
        """A text of which nothing is left, such as an accent alone, is in nobody's."""
        text = self.prepare(typed)
        tests = {"equals": self.equals, "starts": self.starts, "contains": self.contains}
        return tests[name](text) if text else NO_ONE


def exact_text(column: str, prepare: Callable[[str], str]) -> TextColumn:
    """A ByteOrderedField that is compared as it is stored: its index answers "is" and "starts with"."""
    return TextColumn(
        prepare,
        lambda text: Q(**{column: text}),
        lambda text: prefix(column, text),
        lambda text: _contains(F(column), text),
        Q(**{column: ""}),
    )


def loose_text(column: str) -> TextColumn:
    """A text column without a folded copy."""
    lower = AsciiLower(F(column))
    return TextColumn(
        lambda text: text.translate(ASCII_LOWER),
        lambda text: Q(Exact(lower, Value(text, TEXT))),
        lambda text: Q(Exact(Left(lower, len(text)), Value(text, TEXT))),
        lambda text: _contains(lower, text),
        Q(**{column: ""}),
    )


def custom_text(key: str) -> TextColumn:
    return TextColumn(
        lambda text: text.translate(ASCII_LOWER),
        lambda text: Q(CustomTest(key, "folded", "{value} = {}", text)),
        lambda text: Q(CustomTest(key, "folded", "SUBSTR({value}, 1, " + str(len(text)) + ") = {}", text)),
        lambda text: Q(CustomTest(key, "folded", "POSITION({value}, {}) > 0", text)),
        ~Q(CustomTest(key, "text", "{value} <> ''")),
    )


def _contains(expression: Combinable, text: str) -> Q:
    return Q(GreaterThanOrEqual(StrIndex(expression, Value(text, TEXT)), 1))


# Days from a first to a last one, both included; None: without a limit on this side.
DayColumn = Callable[[date | None, date | None, Moment], Q]


def date_column(column: str) -> DayColumn:
    def between(low: date | None, high: date | None, moment: Moment) -> Q:
        limits = {f"{column}__gte": low, f"{column}__lte": high}
        return Q(**{f"{column}__isnull": False}, **{name: day for name, day in limits.items() if day})

    return between


def moment_limits(column: str, low: date | None, high: date | None, moment: Moment) -> Q:
    """The days of the installation's time zone as moments, so that an index can answer."""
    after = Q(**{f"{column}__gte": moment.start_of(low)}) if low else ANYONE
    return after & Q(**{f"{column}__lt": moment.start_of(high + timedelta(days=1))}) if high else after


def moment_column(column: str) -> DayColumn:
    return lambda low, high, moment: moment_limits(column, low, high, moment)


def custom_day(key: str) -> DayColumn:
    def between(low: date | None, high: date | None, moment: Moment) -> Q:
        first, last = (low or date.min).isoformat(), (high or date.max).isoformat()
        return Q(CustomTest(key, "text", "{value} >= {} AND {value} <= {}", first, last))

    return between


def in_month_days(column: str, spans: list[tuple[str, str]]) -> Q:
    """Whose month and day lie in one of the spans, such as 12-20 to 12-31."""
    day, found = MonthDay(F(column)), NO_ONE
    for first, last in spans:
        found |= Q(GreaterThanOrEqual(day, Value(first, TEXT)), LessThanOrEqual(day, Value(last, TEXT)))
    return Q(**{f"{column}__isnull": False}) & found
