"""An import that is being written while a preparation starts."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from deliveries import preparation
from profiles import registering
from profiles.models import Profile

pytestmark = pytest.mark.django_db(transaction=True)


def in_a_thread(act):
    def run():
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_people_of_an_import_under_way_are_compared_like_everybody_else(make_delivery):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: runs on PostgreSQL")
    written, may_commit = Event(), Event()

    def import_marie():
        with transaction.atomic():
            registering.take_turn()
            Profile.objects.create(email="marie@example.org", first_name="Imported")
            written.set()
            may_commit.wait(10)

    importing = in_a_thread(import_marie)
    written.wait(10)
    Profile.objects.create(email="marie@example.org", first_name="Added")
    preparation.start(make_delivery(), by="Ana")
    claimed = preparation.claim("test")
    preparing = in_a_thread(lambda: preparation.run(claimed))
    preparing.join(0.5)
    waits = preparing.is_alive()
    may_commit.set()
    importing.join()
    preparing.join()

    claimed.refresh_from_db()
    verdicts = {message.profile_id: message.exclusion for message in claimed.messages.all()}
    by_name = {profile.first_name: verdicts[profile.pk] for profile in Profile.objects.all()}
    assert (waits, claimed.status, by_name) == (True, "ready", {"Imported": "", "Added": "duplicate"})
