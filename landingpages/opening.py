"""What a signed link opens, in one read: the state of its page, the id of the version that visitors see, the profile.

The statement is put together once and a version is read once: it never changes.
"""

from datetime import datetime
from functools import cache, lru_cache
from typing import NamedTuple

from django.db import connection

from landingpages.models import LandingPage, PublishedVersion
from profiles import prepared
from profiles.links import Link
from profiles.models import Profile

VERSIONS_KEPT = 200  # of this process
PAGE_FIELDS, VERSION_FIELDS = ("id", "status", "version"), ("id", "published_at")


class Opened(NamedTuple):
    """The page of a link with only the columns that visitors depend on, its version, and the profile that has the id."""

    page: LandingPage
    version: PublishedVersion
    profile: Profile | None


def by_link(link: Link) -> Opened | None:
    """None where the page is gone, or was never published. A profile that was merged away is not looked for."""
    public_id = link.public_id if connection.features.has_native_uuid_field else link.public_id.hex
    with prepared.cursor() as cursor:
        cursor.execute(_statement(connection.vendor), [public_id, link.page])
        row = cursor.fetchone()
    if row is None:
        return None
    page_end, version_end = len(PAGE_FIELDS), len(PAGE_FIELDS) + len(VERSION_FIELDS)
    page = prepared.instance(LandingPage, row[:page_end], PAGE_FIELDS)
    shown = prepared.instance(PublishedVersion, row[page_end:version_end], VERSION_FIELDS)
    page.version = version(shown.pk, shown.published_at)
    known = row[version_end:]
    return Opened(page, page.version, None if known[0] is None else prepared.instance(Profile, known))


@lru_cache(maxsize=VERSIONS_KEPT)
def version(pk: int, published_at: datetime) -> PublishedVersion:
    """A version by its id; together with its moment, so that another database does not meet the versions of this one."""
    return PublishedVersion.objects.get(pk=pk, published_at=published_at)


@cache
def _statement(vendor: str) -> str:
    """For the database in use."""
    read = [
        *prepared.columns(LandingPage, PAGE_FIELDS),
        *prepared.columns(PublishedVersion, VERSION_FIELDS),
        *prepared.columns(Profile),
    ]
    page, shown, profile = (model._meta.db_table for model in (LandingPage, PublishedVersion, Profile))
    return (
        f"SELECT {', '.join(read)} FROM {page} JOIN {shown} ON {shown}.id = {page}.version_id "
        f"LEFT JOIN {profile} ON {profile}.public_id = %s WHERE {page}.id = %s"
    )
