"""Fixtures that every test may ask for."""

from contextlib import ExitStack

import pytest
from django.contrib.auth import get_user_model
from django.core.management.commands import flush
from django.db import connection, connections
from django.utils import translation

from deliveries import guards
from landingpages.guard import VERSION_GUARD
from landingpages.visitcounts import tally
from profiles import ledger, triggers


@pytest.fixture(autouse=True, scope="session")
def _flush_lifts_the_guards():
    """Only the flush between transactional tests may empty what the guards protect."""
    original = flush.Command.handle

    def handle(self, **options):
        with ExitStack() as stack:
            stack.enter_context(triggers.lifted(connections[options["database"]], *ledger.GUARDS, VERSION_GUARD, *guards.GUARDS))
            return original(self, **options)

    flush.Command.handle = handle
    yield
    flush.Command.handle = original


@pytest.fixture(autouse=True, scope="session")
def _nobody_is_left_in_the_database(django_db_setup, django_db_blocker):
    """A thread of the live server may keep its connection open; PostgreSQL drops no database that somebody uses."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def pytest_collection_modifyitems(items):
    """What brings its own databases says the same in both runs; the one on SQLite has it."""
    if connection.vendor == "postgresql":
        elsewhere = pytest.mark.skip(reason="uses databases of its own: runs without DATABASE_URL, on SQLite")
        for item in items:
            if item.get_closest_marker("own_database"):
                item.add_marker(elsewhere)


@pytest.fixture(autouse=True)
def _fast_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_pauses(settings):
    settings.PAUSE_SECONDS = 0
    settings.VISITS_SECONDS = 0  # a test that counts visits writes them itself
    yield
    tally._counted.clear()  # versions of this test are no others'


@pytest.fixture(autouse=True)
def _each_test_begins_in_the_language_of_the_settings():
    """The language of the last request stays active in a thread."""
    yield
    translation.deactivate()


@pytest.fixture
def operator(db):
    """Ana, who may do everything."""
    return get_user_model().objects.create_superuser("ana", "ana@example.org", "ana", first_name="Ana", last_name="Lopes")


@pytest.fixture
def backoffice(client, operator):
    """A browser in which Ana is logged in."""
    client.force_login(operator)
    return client
