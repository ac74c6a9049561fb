"""Many rows from Python at once: COPY on PostgreSQL, executemany on SQLite. The caller holds the transaction.

Values are those of the database driver: text, numbers, booleans, None; moments through moment().
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model, UUIDField

CHANGED = "heed_changed_rows"  # a temporary table, seen by this connection alone


def moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def reserve_ids(model: type[Model], number: int) -> Sequence[int]:
    """As many new ids, in their order, that nobody else gets; on SQLite as long as the transaction holds its write lock."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, number])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    start = (last[0] if last else 0) + 1
    return range(start, start + number)


def insert(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """New rows; `columns` are those of the table, in the order of the values."""
    _write(model._meta.db_table, columns, rows)


def update(
    model: type[Model], columns: Sequence[str], rows: Collection[Sequence[Any]], *, more: str, parameters: Sequence[Any]
) -> None:
    """New values of stored rows, each with its id first; `more` is what else is SET for all of them."""
    if not rows:
        return
    quote, table = connection.ops.quote_name, model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            values = ", ".join(f"{quote(name)} = %s" for name in columns)
            statement = f"UPDATE {quote(table)} SET {values}, {more} WHERE id = %s"
            cursor.executemany(statement, [(*row[1:], *parameters, row[0]) for row in rows])
            return
        names = ", ".join(quote(name) for name in ("id", *columns))
        cursor.execute(f"CREATE TEMPORARY TABLE {CHANGED} ON COMMIT DROP AS SELECT {names} FROM {quote(table)} WHERE false")
        _write(CHANGED, ("id", *columns), rows)
        # Without figures the planner would guess; so it looks the rows up by their ids.
        cursor.execute(f"ANALYZE {CHANGED}")
        values = ", ".join(f"{quote(name)} = changed.{quote(name)}" for name in columns)
        cursor.execute(
            f"UPDATE {quote(table)} SET {values}, {more} FROM {CHANGED} AS changed WHERE {quote(table)}.id = changed.id",
            parameters,
        )
        cursor.execute(f"DROP TABLE {CHANGED}")


def ids_having(model: type[Model], column: str, values: Collection[str]) -> list[int]:
    """The ids of the rows that have one of these texts in an indexed column."""
    if not values:
        return []
    quote = connection.ops.quote_name
    kind = "uuid" if isinstance(model._meta.get_field(column), UUIDField) else "text"
    among = f"= ANY(%s::{kind}[])" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"
    parameter = list(values) if connection.vendor == "postgresql" else json.dumps(list(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {quote(model._meta.db_table)} WHERE {quote(column)} {among}", [parameter])
        return [row[0] for row in cursor.fetchall()]


def _write(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {quote(table)} ({names}) VALUES ({places})", rows)


def identity(text: str) -> str:
    """A UUID as the database compares it."""
    return text.replace("-", "")
