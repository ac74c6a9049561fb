"""What a signed link opens, in one read: the state of its page, the id of the version that visitors see, the profile.

The statement is put together once and a version is read once: it never changes.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from django.db import connection

from landingpages.models import LandingPage, PublishedVersion
from profiles.links import Link
from profiles.models import Profile

Converter = Callable[[Any, Any, Any], Any]
VERSIONS_KEPT = 200  # of this process
PAGE_FIELDS = ("id", "status", "version_id")


class Opened(NamedTuple):
    """The page of a link with only the columns that visitors depend on, its version, and the profile that has the id."""

    page: LandingPage
    version: PublishedVersion
    profile: Profile | None


def by_link(link: Link) -> Opened | None:
    """None where the page is gone, or was never published. A profile that was merged away is not looked for."""
    statement, converters = _statement(connection.vendor)
    public_id = link.public_id if connection.features.has_native_uuid_field else link.public_id.hex
    with connection.cursor() as cursor:
        cursor.execute(statement, [public_id, link.page])
        row = cursor.fetchone()
    if row is None:
        return None
    values = [_converted(value, own) if own else value for value, own in zip(row, converters, strict=True)]
    here = len(PAGE_FIELDS)
    page = LandingPage.from_db(connection.alias, PAGE_FIELDS, values[:here])
    page.version = version(values[here - 1], values[here])
    known = values[here + 1 :]
    profile = None if known[0] is None else Profile.from_db(connection.alias, _names(Profile), known)
    return Opened(page, page.version, profile)


@lru_cache(maxsize=VERSIONS_KEPT)
def version(pk: int, published_at: datetime) -> PublishedVersion:
    """A version by its id; together with its moment, so that another database does not meet the versions of this one."""
    return PublishedVersion.objects.get(pk=pk, published_at=published_at)


def _converted(value: Any, converters: Sequence[Converter]) -> Any:
    for convert in converters:
        value = convert(value, None, connection)
    return value


@cache
def _statement(vendor: str) -> tuple[str, list[list[Converter]]]:
    """For the database in use; and how each column of the answer becomes a value of Python."""
    quote = connection.ops.quote_name
    fields = [
        *(LandingPage._meta.get_field(name.removesuffix("_id")) for name in PAGE_FIELDS),
        PublishedVersion._meta.get_field("published_at"),
        *Profile._meta.concrete_fields,
    ]
    tables = {model: quote(model._meta.db_table) for model in (LandingPage, PublishedVersion, Profile)}
    columns = ", ".join(f"{tables[field.model]}.{quote(field.column)}" for field in fields)  # type: ignore[union-attr, arg-type, index]
    page, shown, profile = tables.values()
    statement = (
        f"SELECT {columns} FROM {page} JOIN {shown} ON {shown}.id = {page}.version_id "
        f"LEFT JOIN {profile} ON {profile}.public_id = %s WHERE {page}.id = %s"
    )
    return statement, [_converters(field) for field in fields]


def _converters(field: Any) -> list[Converter]:
    column = field.get_col(field.model._meta.db_table)
    return [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]


@cache
def _names(model: type[Profile]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]
