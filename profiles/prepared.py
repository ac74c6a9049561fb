"""Statements that the database plans once: where one row is read by its key, the plan takes longer than the row.

On PostgreSQL a connection prepares what it has sent a few times (settings.DATABASES); SQLite keeps its statements by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

M = TypeVar("M", bound=Model)
APART: Any = ServerBindingCursor
Converter = Callable[[Any, Any, Any], Any]


@contextmanager
def cursor() -> Iterator[CursorWrapper]:
    """A cursor whose parameters travel apart from the statement; where statements are logged, they are in it to be read."""
    with connection.cursor() as ordinary:
        if connection.vendor != "postgresql" or connection.queries_logged:
            yield ordinary
            return
        with APART(ordinary.connection) as apart:
            yield connection.make_cursor(apart)


def columns(model: type[Model], names: Sequence[str] = ()) -> list[str]:
    """The columns of these fields, or of all, as a statement names them."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    return [f"{table}.{quote(field.column)}" for field in _fields(model, tuple(names))]


def instance(model: type[M], values: Sequence[Any], names: Sequence[str] = ()) -> M:
    """The row of these columns as an object of the model."""
    told = tuple(names)
    converted = [_converted(value, own) if own else value for value, own in zip(values, _converters(model, told), strict=True)]
    return model.from_db(connection.alias, [field.attname for field in _fields(model, told)], converted)


def insert(objects: Sequence[M]) -> None:
    """Write new objects of one model in one statement and give them their ids, as bulk_create() does."""
    model = type(objects[0])
    fields = [field for field in _fields(model, ()) if not field.primary_key]
    values = [field.get_db_prep_save(field.pre_save(one, add=True), connection=connection) for one in objects for field in fields]
    with cursor() as writing:
        writing.execute(_inserting(model, len(objects), connection.vendor), values)
        ids = writing.fetchall()
    for one, (pk,) in zip(objects, ids, strict=True):
        one.pk = pk
        one._state.adding, one._state.db = False, connection.alias


@cache
def _inserting(model: type[Model], number: int, vendor: str) -> str:
    """For the database in use."""
    names = [field.column for field in _fields(model, ()) if not field.primary_key]
    row = f"({', '.join(['%s'] * len(names))})"
    quoted = ", ".join(map(connection.ops.quote_name, names))
    return f"INSERT INTO {model._meta.db_table} ({quoted}) VALUES {', '.join([row] * number)} RETURNING id"


@cache
def _fields(model: type[Model], names: tuple[str, ...]) -> list[Any]:
    return [model._meta.get_field(name) for name in names] if names else list(model._meta.concrete_fields)


@cache
def _converters(model: type[Model], names: tuple[str, ...]) -> list[list[Converter]]:
    found = [field.get_col(field.model._meta.db_table) for field in _fields(model, names)]
    return [[*connection.ops.get_db_converters(column), *column.get_db_converters(connection)] for column in found]


def _converted(value: Any, converters: Sequence[Converter]) -> Any:
    for convert in converters:
        value = convert(value, None, connection)
    return value
