"""A condition on another table as one outer join: read once, in parallel, wherever in a rule it stands.

An EXISTS inside a CASE or an OR is asked for every profile, and keeps PostgreSQL from working in parallel; an IN becomes a
list that SQLite has to sort first. A join is neither, but the rows must be unique: it would count a profile twice.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, CharField, Expression, F, Field, Func, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Col
from django.db.models.functions import Concat
from django.db.models.lookups import Exact, IsNull
from django.db.models.sql import Query
from django.db.models.sql.constants import LOUTER
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import WhereNode

MOST_TABLES = 12  # of one query; SQLite knows 64, and nobody's planner likes them


class HasRow(Expression):
    """Whether a profile has its one row among `rows`: a queryset with filters on its own columns, unique by `column`.

    `otherwise` says the same without a join, for where the query has too many of them already.
    """

    output_field = BooleanField()

    def __init__(self, rows: QuerySet[Any], *, column: str, profile: str, otherwise: Q) -> None:
        super().__init__()
        self.rows, self.column, self.profile, self.otherwise = rows, column, profile, otherwise

    def resolve_expression(
        self, query: Any = None, allow_joins: bool = True, reuse: Any = None, summarize: bool = False, for_save: bool = False
    ) -> Any:
        if not allow_joins or len(query.alias_map) >= MOST_TABLES:
            return self.otherwise.resolve_expression(query, allow_joins, reuse, summarize, for_save)
        there, own = _join(query, self.rows, self.column, self.profile)
        # The comparison lets SQLite walk from the rows to the profiles; with IS NOT NULL beside it the two are never NULL.
        return WhereNode([Exact(there, own), IsNull(there, False)])  # type: ignore[list-item]


def one_of(column: str, values: QuerySet[Any, Any]) -> Q:
    """Whose column is one of the values that the subquery finds.

    On PostgreSQL as an array, so that each is looked up in the index of the column: beside long conditions it expects so few
    rows that it would judge and sort everybody first.
    """
    if connection.vendor != "postgresql":
        return Q(**{f"{column}__in": values})
    array = Subquery(values, template="ARRAY(%(subquery)s)")
    is_there = Func(F(column), array, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())
    return Q(is_there)


class RowText(Expression):
    """What a profile's one row among `rows` says: the texts, names of columns or constants, put together; "" without a row."""

    output_field = CharField()

    def __init__(self, rows: QuerySet[Any], *, column: str, profile: str, texts: Sequence[str | Value]) -> None:
        super().__init__()
        self.rows, self.column, self.profile, self.texts = rows, column, profile, texts

    def resolve_expression(
        self, query: Any = None, allow_joins: bool = True, reuse: Any = None, summarize: bool = False, for_save: bool = False
    ) -> Any:
        there, _own = _join(query, self.rows, self.column, self.profile)
        meta, text = self.rows.model._meta, CharField()
        said = [Col(there.alias, meta.get_field(one)) if isinstance(one, str) else one for one in self.texts]
        whole = Case(When(IsNull(there, False), then=Concat(*said)), default=Value("", text), output_field=text)
        return whole.resolve_expression(query, allow_joins, reuse, summarize, for_save)


def _join(query: Any, rows: QuerySet[Any], column: str, profile: str) -> tuple[Col, Col]:
    """The rows joined to the query of profiles: the column there, and the one that it is compared with."""
    own = query.get_meta().pk if profile == "pk" else query.get_meta().get_field(profile)
    target = rows.model._meta.get_field(column)
    on = _On(own, target, rows.query)
    table, parent = rows.model._meta.db_table, query.get_initial_alias()
    alias = query.join(Join(table, parent, None, LOUTER, on, True), reuse=set())  # type: ignore[arg-type]
    return Col(alias, target), Col(parent, own)


class _On:
    """What Django's Join asks its field for: the pair of columns, and what else must hold."""

    def __init__(self, own: Field, target: Field, rows: Query) -> None:
        self.own, self.target, self.rows = own, target, rows
        self.related_model = target.model

    def get_joining_fields(self) -> tuple[tuple[Field, Field], ...]:
        return ((self.own, self.target),)

    def get_extra_restriction(self, alias: str, related_alias: str) -> WhereNode:
        where = self.rows.where.clone()
        if alias != self.rows.get_initial_alias():
            where.relabel_aliases({self.rows.get_initial_alias(): alias})
        return where
