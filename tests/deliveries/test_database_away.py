"""A database that does not answer for a while, in the middle of a delivery."""

import sqlite3
import threading

import pytest
from django.db import OperationalError, connection

from deliveries import sending
from deliveries.models import Batch, Message
from deliveries.transports.memory import MemorySession
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def go_away(monkeypatch):
    """Makes the next statement of this connection fail; a second later the database answers again."""
    monkeypatch.setattr(sending, "RECORD_AGAIN_SECONDS", (0.01, 0.01))
    if connection.vendor == "postgresql":
        yield lambda: connection.connection.close()
        return
    other = sqlite3.connect(connection.settings_dict["NAME"], check_same_thread=False, isolation_level=None)
    timer = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))

    def lock():
        connection.connection.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        timer.start()

    yield lock
    timer.join()
    other.close()


def test_what_was_handed_over_before_the_database_went_away_is_not_sent_twice(
    make_delivery, prepare, confirm, send_all, outbox, settings, go_away
):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    people = [ProfileFactory().email for _ in range(4)]
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    class Session(MemorySession):
        def hand_over(self, message, permission):
            outcome = super().hand_over(message, permission)
            if len(outbox) == 2:
                go_away()
            return outcome

    with pytest.raises(OperationalError):
        sending.BatchSender(sending.claim_batch("test"), Session()).run()

    assert [one.address for one in outbox] == people[:2]
    assert Message.objects.filter(status="sent").count() == 2
    assert (Batch.objects.get().status, Batch.objects.get().sent) == ("waiting", 2)
    send_all()
    assert [one.address for one in outbox] == people
    delivery.refresh_from_db()
    assert delivery.status == "finished"
