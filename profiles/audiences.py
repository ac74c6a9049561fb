"""Audiences: a rule tree as JSON becomes a queryset of profiles, and a sentence.

    {"all": [...]} · {"any": [...]} · {"not": …} · {"field": "country", "operator": "in", "value": ["FR"]}

`{}` and `{"all": []}` are everybody, `{"any": []}` is nobody. Whatever else stands in the tree is a mistake, never ignored:
that would send to more people than was meant. Fields live in a registry that the apps above extend in AppConfig.ready().

Every condition is true or false, never NULL, so "not" is the complement: who has no date of birth is in "not (born before
1980)", and who has no city in "city is not Paris".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from profiles.audience_values import Value
from profiles.joining import HasRow
from profiles.models import Profile
from profiles.sentences import Told

Tree = dict[str, Any]
EVERYBODY: Tree = {"all": []}
NOBODY: Tree = {"any": []}
DEPTH = 20  # levels of a tree: more than anybody reads, fewer than a database refuses
CONDITIONS = 200  # of one tree
# Conditions that stay: an empty Q would vanish from "any" and from "not".
ANYONE, NO_ONE = Q(pk__isnull=False), Q(pk__in=[])


class InvalidAudience(Told, ValueError):
    """The tree names a field, an operator or a value that does not exist; the message says which."""


@dataclass(frozen=True)
class Moment:
    """What relative dates are relative to: `today` is the day of the installation's time zone, whoever looks."""

    at: datetime

    @property
    def today(self) -> date:
        return timezone.localdate(self.at, timezone.get_default_timezone())

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, datetime.min.time(), timezone.get_default_timezone())

    def days_ago(self, days: int) -> date:
        return self.today - timedelta(days=days)


@dataclass(frozen=True)
class Operator:
    """`condition` is SQL that is never NULL; `phrase` is filled with the field's label and the words of the value."""

    label: Any
    value: Value
    condition: Callable[[Any, Moment], Q]
    phrase: Any


@dataclass(frozen=True)
class Field:
    """Something that an audience may ask for; `operators` by their name in the tree, `group` where a list of fields shows it."""

    name: str
    label: Any
    operators: dict[str, Operator]
    group: Any = ""


FIELDS: dict[str, Field] = {}
SOURCES: list[Callable[[], Iterator[Field]]] = []


def register(*fields: Field) -> None:
    """Add fields; one with the name of another gives it further operators."""
    for field in fields:
        known = FIELDS.get(field.name)
        operators = {**known.operators, **field.operators} if known else field.operators
        FIELDS[field.name] = Field(field.name, field.label, operators, field.group)


def register_source(source: Callable[[], Iterator[Field]]) -> None:
    """Add fields that the installation defines: asked for whenever a tree names a field that is not registered."""
    SOURCES.append(source)


def fields() -> dict[str, Field]:
    """Every field that an audience may ask for now."""
    return FIELDS | {field.name: field for source in SOURCES for field in source()}


def profiles(tree: Tree, *, at: datetime | None = None) -> QuerySet[Profile]:
    """The profiles of the audience at the moment, each once, in no order; InvalidAudience where the tree is not understood."""
    return Profile.objects.filter(condition(tree, at=at)).order_by()


def condition(tree: Tree, *, at: datetime | None = None) -> Q:
    reading = Reading()
    reading.check(tree)
    return reading.condition(tree, Moment(at or timezone.now()))


def in_words(tree: Tree) -> str:
    """The audience as a sentence for people; InvalidAudience where the tree is not understood."""
    reading = Reading()
    reading.check(tree)
    return reading.words(tree)


def leaves(tree: Any) -> Iterator[Tree]:
    """The conditions of a tree, whether it is understood or not; its levels are not counted."""
    waiting = [tree]
    while waiting:
        match waiting.pop():
            case {"all": list(parts)} | {"any": list(parts)}:
                waiting += reversed(parts)
            case {"not": part}:
                waiting.append(part)
            case {"field": _, **_rest} as leaf:
                yield leaf


def among(rows: QuerySet[Any], *, column: str, profile: str = "pk", is_unique: bool = False) -> Q:
    """Profiles whose column `profile` occurs in the `column` of the rows; `column` is never NULL.

    SQLite would ask an EXISTS for every profile; it walks from the rows to the profiles by an IN, and with less work by a
    join where each profile occurs once (`is_unique`). PostgreSQL makes the same join of all, but past its work_mem it goes
    through the list of an IN for each profile.
    """
    rows = rows.order_by()
    if connection.vendor != "sqlite":
        return Q(Exists(rows.filter(**{column: OuterRef(profile)})))
    found = Q(**{f"{profile}__in": rows.values(column)})
    return Q(HasRow(rows, column=column, profile=profile, otherwise=found)) if is_unique else found


class Reading:
    """One look at one tree: the installation's own fields are read once, and only where the tree names one."""

    @cached_property
    def own_fields(self) -> dict[str, Field]:
        return {field.name: field for source in SOURCES for field in source()}

    def find(self, name: str) -> Field | None:
        return FIELDS.get(name) or self.own_fields.get(name)

    def check(self, tree: Any, *, depth: int = 0) -> int:
        """The number of conditions; InvalidAudience where anything is not understood."""
        match tree:
            case _ if depth > DEPTH:
                raise InvalidAudience(noop("The audience has more than %(number)s levels."), {"number": DEPTH})
            case {"all": list(parts), **rest} | {"any": list(parts), **rest} if not rest:
                number = sum(self.check(part, depth=depth + 1) for part in parts)
            case {"not": part, **rest} if not rest:
                number = self.check(part, depth=depth + 1)
            case {"field": str(name), "operator": str(operator), "value": value, **rest} if not rest:
                self.operator(name, operator, value)
                number = 1
            case dict() if not tree:
                number = 0
            case _:
                raise InvalidAudience(noop("This part of the audience is not understood: %(part)s"), {"part": str(tree)[:200]})
        if number > CONDITIONS:
            raise InvalidAudience(noop("The audience has more than %(number)s conditions."), {"number": CONDITIONS})
        return number

    def operator(self, name: str, operator_name: str, value: Any) -> Operator:
        field = self.find(name)
        operator = field.operators.get(operator_name) if field else None
        if operator is None:
            raise InvalidAudience(noop("Audiences know no rule “%(rule)s”."), {"rule": f"{name} {operator_name}"[:200]})
        if not operator.value.accepts(value):
            rule = {"rule": f"{name} {operator_name}", "value": str(value)[:200]}
            raise InvalidAudience(noop("The audience's rule “%(rule)s” has a value that it cannot take: %(value)s"), rule)
        return operator

    def condition(self, tree: Tree, moment: Moment) -> Q:
        match tree:
            case {"all": [_first, *_others] as parts}:
                return Q(*(self.condition(part, moment) for part in parts))
            case {"any": [_first, *_others] as parts}:
                return Q(*(self.condition(part, moment) for part in parts), _connector=Q.OR)
            case {"any": []}:
                return NO_ONE
            case {"not": part}:
                return ~self.condition(part, moment)
            case {"field": name, "operator": operator, "value": value}:
                return self.operator(name, operator, value).condition(value, moment)
        return ANYONE

    def words(self, tree: Tree) -> str:
        match tree:
            case {"all": [_first, *_others] as parts}:
                return get_text_list([self._part(part, within="all") for part in parts], _("and"))
            case {"any": [_first, *_others] as parts}:
                return get_text_list([self._part(part, within="any") for part in parts], _("or"))
            case {"any": []}:
                return _("nobody")
            case {"not": part}:
                return _("not (%(rule)s)") % {"rule": self.words(part)}
            case {"field": name, "operator": operator, "value": value}:
                return self._leaf(name, operator, value)
        return _("everybody")

    def _part(self, tree: Tree, *, within: str) -> str:
        """A group inside a group of the other kind is put in brackets: "and" does not bind closer than "or" in a sentence."""
        other = {"all": "any", "any": "all"}[within]
        return f"({self.words(tree)})" if len(tree.get(other, [])) > 1 else self.words(tree)

    def _leaf(self, name: str, operator_name: str, value: Any) -> str:
        field, operator = self.find(name), self.operator(name, operator_name, value)
        label = field.label if field else name
        return str(operator.phrase) % {"field": label, **operator.value.words(value)}
