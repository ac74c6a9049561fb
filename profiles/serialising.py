"""An event of the ledger as bytes: what its seal covers. The same on both databases, written by the database itself.

Each column is its length in bytes, a colon and its text; "-" stands for NULL, so that no two events look alike. Moments
are UTC with six digits of a second, a truth is 1 or 0. Whatever a column holds is taken as it is stored: on SQLite a
value of a type that the column should not have does not pass for the value that it resembles.
"""

from collections.abc import Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, DateTimeField

from profiles.models import ConsentEvent

COLUMNS = (
    "id",
    "profile_id",
    "scope",
    "service_id",
    "service_label",
    "before",
    "after",
    "at",
    "source",
    "by",
    "by_id",
    "page_version_id",
    "page_label",
    "wording",
    "delivery_id",
    "delivery_label",
    "detail",
    "request_id",
    "ip",
)
# Columns that a later version adds: they allow NULL, and an event without a value there is sealed as it was before.
LATER: tuple[str, ...] = ()
PAGE = 5_000  # rows of one query


def events(connection: BaseDatabaseWrapper, *, after: int, upto: int) -> Iterator[tuple[int, bytes]]:
    """(id, bytes) of every event with an id above `after` and up to `upto`, in their order; memory of one page."""
    while page := read(connection, after=after, upto=upto, limit=PAGE):
        yield from page
        after = page[-1][0]


def of_profiles(connection: BaseDatabaseWrapper, profiles: Sequence[int]) -> list[tuple[int, bytes]]:
    """Every event of these profiles."""
    places = ", ".join(["%s"] * len(profiles))
    query = f"SELECT id, {written(connection.vendor)} FROM {ConsentEvent._meta.db_table} WHERE profile_id IN ({places})"
    return _fetch(connection, query, profiles)


def read(connection: BaseDatabaseWrapper, *, after: int, upto: int, limit: int) -> list[tuple[int, bytes]]:
    """The first so many of these events."""
    query = (
        f"SELECT id, {written(connection.vendor)} FROM {ConsentEvent._meta.db_table}"
        " WHERE id > %s AND id <= %s ORDER BY id LIMIT %s"
    )
    return _fetch(connection, query, [after, upto, limit])


def _fetch(connection: BaseDatabaseWrapper, query: str, parameters: Sequence[int]) -> list[tuple[int, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [(number, bytes(text)) for number, text in cursor.fetchall()]


def written(vendor: str, columns: Sequence[str] = COLUMNS, later: Sequence[str] = LATER) -> str:
    """The SQL that writes an event."""
    length = "octet_length({0})" if vendor == "postgresql" else "length(CAST({0} AS BLOB))"
    texts = {name: _text(vendor, name) for name in (*columns, *later)}
    known = [f"COALESCE({length.format(texts[name])} || ':' || {texts[name]}, '-')" for name in columns]
    added = [f"COALESCE('{name}=' || {length.format(texts[name])} || ':' || {texts[name]}, '')" for name in later]
    if vendor == "postgresql":
        return f"convert_to({' || '.join(known + added)}, 'UTF8')"
    disguised = " OR ".join(f"typeof(\"{name}\") = 'blob'" for name in texts)
    return f"CAST({' || '.join(known + added)} || CASE WHEN {disguised} THEN '!' ELSE '' END AS BLOB)"


def _text(vendor: str, name: str) -> str:
    """The SQL that writes one column's value, NULL for NULL."""
    field = ConsentEvent._meta.get_field(name)
    if isinstance(field, DateTimeField):
        if vendor == "postgresql":
            return f"to_char(\"{name}\" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        return f'CASE length("{name}") WHEN 19 THEN "{name}" || \'.000000\' ELSE "{name}" END'
    if vendor == "postgresql":
        return f'CAST(CAST("{name}" AS int) AS text)' if isinstance(field, BooleanField) else f'CAST("{name}" AS text)'
    return f'"{name}"'
