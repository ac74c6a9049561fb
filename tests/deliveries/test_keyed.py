"""On SQLite messages are kept by their key, with everything that was in the table and on it."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from deliveries import guards, keyed
from deliveries.models import Message
from profiles import triggers
from tests.factories import ProfileFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL keeps no table by its key: runs on SQLite"),
]


def migrated():
    deliveries = apps.get_app_config("deliveries")
    keyed.keep_by_key_after_migrate(deliveries, using="default")
    guards.install_after_migrate(deliveries, using="default")


def as_django_makes_it(table):
    """What a migration leaves that rebuilds the table."""
    definition = keyed._definition(connection, table)
    with connection.cursor() as cursor:
        for guard in guards.GUARDS:
            triggers.remove(connection, guard)
        cursor.execute(definition.replace(table, "plain", 1).removesuffix(keyed.KEYED))
        cursor.execute(f"INSERT INTO plain SELECT * FROM {table}")
        cursor.execute(f"DROP TABLE {table}")
        cursor.execute(f"ALTER TABLE plain RENAME TO {table}")


@pytest.mark.parametrize("table", keyed.TABLES)
def test_a_new_database_keeps_them_by_key(table):
    assert keyed._definition(connection, table).endswith("WITHOUT ROWID")


def test_a_table_that_was_rebuilt_is_kept_by_key_again_with_its_rows_and_guards(make_delivery, prepare):
    ProfileFactory.create_batch(3)
    prepare(make_delivery())
    before = list(Message.objects.order_by("pk").values())
    as_django_makes_it("deliveries_message")

    migrated()

    assert keyed._definition(connection, "deliveries_message").endswith("WITHOUT ROWID")
    assert list(Message.objects.order_by("pk").values()) == before
    assert [triggers.missing(connection, guard) for guard in guards.GUARDS] == [[], [], []]
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.all().delete()


def test_a_second_migrate_rebuilds_nothing():
    with CaptureQueriesContext(connection) as asked:
        keyed.keep_by_key_after_migrate(apps.get_app_config("deliveries"), using="default")

    assert all(query["sql"].startswith("SELECT") for query in asked)
