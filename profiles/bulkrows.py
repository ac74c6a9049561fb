"""Many rows from Python at once: COPY on PostgreSQL, executemany on SQLite. The caller holds the transaction.

Values are those of the database driver: text, numbers, booleans, None; moments through moment().
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Model, UUIDField
from django.db.models.expressions import RawSQL

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
BETWEEN = "\x1f"  # the unit separator: no text of a profile holds a control character
PIECE_ROWS = 500  # sent at once
CHANGED = "heed_changed_rows"  # a temporary table, seen by this connection alone


def moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def identity(text: str) -> str:
    """A UUID as the database compares it."""
    return text.replace("-", "")


def commit_lazily() -> None:
    """On PostgreSQL this transaction does not wait for the disk; make_durable() does, for all before it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")


def make_durable() -> None:
    """When this returns, everything committed lazily before it survives a power cut."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # The smallest transaction that the server has to write to the disk before it answers.
            cursor.execute("SELECT pg_logical_emit_message(true, 'heed', 'durable')")


def reserve_ids(model: type[Model], number: int) -> Sequence[int]:
    """As many new ids, in their order, that nobody else gets; on SQLite as long as the transaction holds its write lock."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "(SELECT pg_get_serial_sequence(%s, 'id')::regclass)"  # looked up once, not for each row
            cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [table, number])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = cursor.fetchone()
    start = (last[0] if last else 0) + 1
    return range(start, start + number)


def having(model: type[Model], wanted: Mapping[str, Collection[str]]) -> RawSQL:
    """The ids of the rows that have one of these texts in one of these indexed columns; for `pk__in`."""
    found = [_ids_having(model, column, values) for column, values in wanted.items()]
    statement = " UNION ".join(statement for statement, _values in found)
    if connection.vendor == "postgresql":
        # As an array they are few to the planner, which then asks the primary key; of a subquery it would make a join.
        statement = f"SELECT unnest(ARRAY({statement}))"
    return RawSQL(statement, [value for _statement, values in found for value in values])  # noqa: S611 (our own columns)


def _ids_having(model: type[Model], column: str, values: Collection[str]) -> tuple[str, list[str]]:
    quote = connection.ops.quote_name
    if connection.vendor == "postgresql":
        # One text is quoted sooner than thousands.
        kind = "uuid" if isinstance(model._meta.get_field(column), UUIDField) else "text"
        among, parameter = f"= ANY(string_to_array(%s, %s)::{kind}[])", [BETWEEN.join(values), BETWEEN]
    else:
        among, parameter = "IN (SELECT value FROM json_each(%s))", [json.dumps(list(values))]
    return f"SELECT id FROM {quote(model._meta.db_table)} WHERE {quote(column)} {among}", parameter


@contextmanager
def by_index() -> Iterator[None]:
    """On PostgreSQL what is asked within is looked up by index, in a transaction.

    For thousands of texts the planner would rather read the whole table, once for each batch; and it knows a table that
    is just being filled as it was before.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off")
        yield


def insert(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], constants: Mapping[str, Any]) -> None:
    """New rows; `columns` are those of the table, in the order of the values; `constants` are the same in all rows."""
    _write(model._meta.db_table, columns, rows, constants)


def update(
    model: type[Model], columns: Sequence[str], rows: Collection[Sequence[Any]], *, more: str, parameters: Sequence[Any]
) -> None:
    """New values of stored rows, each with its id first; `more` is what else is SET for all of them."""
    if not rows:
        return
    quote, table = connection.ops.quote_name, connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            values = ", ".join(f"{quote(name)} = %s" for name in columns)
            statement = f"UPDATE {table} SET {values}, {more} WHERE id = %s"
            cursor.executemany(statement, [(*row[1:], *parameters, row[0]) for row in rows])
            return
        names = ", ".join(quote(name) for name in ("id", *columns))
        cursor.execute(f"CREATE TEMPORARY TABLE {CHANGED} ON COMMIT DROP AS SELECT {names} FROM {table} WHERE false")
        _write(CHANGED, ("id", *columns), rows, {})
        cursor.execute(f"ANALYZE {CHANGED}")  # without figures the planner would guess
        values = ", ".join(f"{quote(name)} = changed.{quote(name)}" for name in columns)
        # As an array too, or the planner would read a whole table that has grown since it knew its size.
        which = f"{table}.id = changed.id AND {table}.id = ANY(ARRAY(SELECT id FROM {CHANGED}))"
        cursor.execute(f"UPDATE {table} SET {values}, {more} FROM {CHANGED} AS changed WHERE {which}", parameters)
        cursor.execute(f"DROP TABLE {CHANGED}")


def _write(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], constants: Mapping[str, Any]) -> None:
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in (*columns, *constants))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            tail = [_copied(value) for value in constants.values()]
            waiting = iter(rows)
            with cursor.copy(f"COPY {quote(table)} ({names}) FROM STDIN") as copy:
                # The server works on one piece while the next is put together.
                while piece := ["\t".join([_copied(value) for value in row] + tail) for row in islice(waiting, PIECE_ROWS)]:
                    copy.write("\n".join([*piece, ""]))
        else:
            places = ", ".join(["%s"] * len(columns) + [_literal(value) for value in constants.values()])
            cursor.executemany(f"INSERT INTO {quote(table)} ({names}) VALUES ({places})", rows)  # type: ignore[arg-type]


def _copied(value: Any) -> str:
    """A value in COPY's text format."""
    if value.__class__ is str:
        return value.translate(ESCAPES) if "\\" in value or not value.isprintable() else value
    return "\\N" if value is None else str(value)


def _literal(value: Any) -> str:
    """A constant inside of a statement that has %s for its parameters."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''").replace("%", "%%") + "'"
    return "NULL" if value is None else str(int(value))
