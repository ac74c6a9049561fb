import pytest
from django.db import DatabaseError, connection, transaction

from landingpages import guard
from landingpages.models import PublishedVersion
from profiles import triggers

pytestmark = pytest.mark.django_db

REFUSED = [
    "UPDATE landingpages_publishedversion SET number = number + 1",
    "DELETE FROM landingpages_publishedversion",
]
TRUNCATE = pytest.param(
    "TRUNCATE landingpages_publishedversion CASCADE",
    marks=pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE: runs on PostgreSQL"),
)


def drop_a_trigger():
    """What a migration that rebuilds the table does on SQLite, without a word."""
    name = next(iter(guard.VERSION_GUARD.statements(connection.vendor)))
    on = f" ON {guard.TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    return name


@pytest.mark.parametrize("statement", [*REFUSED, TRUNCATE])
def test_a_published_version_refuses_to_change(statement, online):
    before = list(PublishedVersion.objects.values())
    connection.check_constraints()  # PostgreSQL empties no table whose foreign keys are still to be checked

    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert list(PublishedVersion.objects.values()) == before


def test_the_check_is_silent_while_the_guard_is_there():
    assert guard.versions_are_guarded(databases=["default"]) == []


def test_the_check_reports_a_dropped_trigger_and_installing_repairs_it():
    name = drop_a_trigger()

    assert triggers.missing(connection, guard.VERSION_GUARD) == [name]
    assert [(warning.id, warning.msg) for warning in guard.versions_are_guarded(databases=["default"])] == [
        ("landingpages.W001", "The published landing pages of the database 'default' have lost their guard.")
    ]

    triggers.install(connection, guard.VERSION_GUARD)

    assert guard.versions_are_guarded(databases=["default"]) == []
