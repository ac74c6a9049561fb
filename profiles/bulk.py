"""Set-based writes: INSERT … SELECT of a queryset, and locks on a whole set, the same on both databases."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, transaction
from django.db.models import Model, QuerySet

ATTEMPTS = 5


def insert_from(queryset: QuerySet[Any, Any], *, into: type[Model], columns: Sequence[str]) -> int:
    """INSERT INTO the model's table the rows of `queryset.values_list(...)`; the number of rows written.

    `columns` are field names of `into` in the order of the queryset's values_list. Nothing passes through Python.
    """
    connection = connections[queryset.db]
    try:
        select, parameters = queryset.query.get_compiler(using=queryset.db).as_sql()
    except EmptyResultSet:
        return 0
    quote = connection.ops.quote_name
    fields = {field.name: field for field in into._meta.concrete_fields}
    names = ", ".join(quote(str(fields[name].column)) for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(into._meta.db_table)} ({names}) {select}", parameters)
        return cursor.rowcount


def insert_computed(
    queryset: QuerySet[Any, Any], *, into: type[Model], computed: Mapping[str, str], parameters: Sequence[Any] = ()
) -> int:
    """The same where each field of `into` is computed by SQL from the row that `queryset.values_list(...)` gives.

    The rows are computed first and once, however often the SQL names one of their columns.
    """
    connection = connections[queryset.db]
    try:
        select, own = queryset.query.get_compiler(using=queryset.db).as_sql()
    except EmptyResultSet:
        return 0
    quote = connection.ops.quote_name
    fields = {field.name: field for field in into._meta.concrete_fields}
    names = ", ".join(quote(str(fields[name].column)) for name in computed)
    # Databases put a subquery's expressions wherever its columns are named, unless it has an end.
    once = "OFFSET 0" if connection.vendor == "postgresql" else "LIMIT -1 OFFSET 0"
    values = ", ".join(computed.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(into._meta.db_table)} ({names}) SELECT {values} FROM ({select} {once}) AS given",
            [*parameters, *own],
        )
        return cursor.rowcount


class Unsettled(Exception):
    """Two statements about one set found different rows: somebody joined it between them."""


def until_settled(act: Callable[[], int]) -> int:
    """Do what takes several statements about one set, in a transaction; anew where it raises Unsettled.

    Locked rows stay in the set, but on PostgreSQL a new row may join it between two statements: it would have one of the
    two things written and not the other.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            with transaction.atomic():
                return act()
        except Unsettled:
            continue
    with transaction.atomic():
        return act()


def lock(queryset: QuerySet[Any, Any]) -> int:
    """Lock the rows of the set until the transaction ends and return their number, without fetching them.

    On SQLite the transaction already holds the only write lock.
    """
    locked = queryset.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk")
    connection = connections[queryset.db]
    try:
        select, parameters = locked.query.get_compiler(using=queryset.db).as_sql()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({select}) AS locked", parameters)
        return int(cursor.fetchone()[0])
