"""Every event gets its seal, in the order of the ids, and none is passed over."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from profiles import consent, sealing, serialising, tampering
from profiles.models import ConsentEvent, Seal, SealedBatch, Source
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite writers take turns: runs on PostgreSQL")


def event(profile, scope="email", **fields):
    values = {"before": False, "after": True, "at": timezone.now(), "source": Source.OPERATOR}
    return ConsentEvent.objects.create(profile=profile, scope=scope, **values | fields)


def as_bytes(event):
    [(number, text)] = serialising.read(connection, after=event.pk - 1, upto=event.pk, limit=1)
    assert number == event.pk
    return text


def sealed():
    return list(Seal.objects.order_by("event_id").values_list("event_id", flat=True))


def test_serialising_covers_every_column():
    assert list(serialising.COLUMNS) + list(serialising.LATER) == [field.attname for field in ConsentEvent._meta.concrete_fields]


def test_serialising_is_the_same_text_on_every_database():
    service = ServiceFactory(label="La lettre d’été")
    one = event(
        ProfileFactory(),
        "service",
        service=service,
        service_label=service.label,
        at=datetime(2026, 3, 3, 10, 0, tzinfo=UTC),
        by="Ana",
        by_id=12,
        wording="a:b-\n",
    )

    numbers = [f"{len(str(number))}:{number}" for number in (one.pk, one.profile_id, service.pk)]
    assert as_bytes(one).decode() == (
        f"{numbers[0]}{numbers[1]}7:service{numbers[2]}19:La lettre d’été1:01:126:2026-03-03 10:00:00.0000008:operator"
        "3:Ana2:12-0:5:a:b-\n-0:0:0:0:"
    )


def test_serialising_keeps_microseconds():
    one = event(ProfileFactory(), at=datetime(2026, 3, 3, 10, 0, 0, 120, tzinfo=UTC))

    assert b"26:2026-03-03 10:00:00.000120" in as_bytes(one)


def test_serialising_tells_nothing_from_empty_and_from_zero():
    profile, at = ProfileFactory(), timezone.now()
    events = [event(profile, at=at, **fields) for fields in ({}, {"by_id": 0}, {"delivery_id": 0}, {"detail": "-"}, {"ip": "-"})]

    without_id = {as_bytes(one).removeprefix(f"{len(str(one.pk))}:{one.pk}".encode()) for one in events}
    assert len(without_id) == 5


def test_serialising_a_column_added_later_leaves_old_events_as_they_were():
    profile = ProfileFactory()
    for by_id in (None, 7):
        event(profile, by_id=by_id)
    forms = [
        serialising.written(connection.vendor, ["scope"], later) for later in ([], ["by_id"])
    ]  # as if by_id had come with a later version

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(forms)} FROM profiles_consentevent ORDER BY id")
        rows = [tuple(bytes(text) for text in row) for row in cursor.fetchall()]

    assert rows == [(b"5:email", b"5:email"), (b"5:email", b"5:emailby_id=1:7")]


def test_sealer_closes_batches_in_the_order_of_the_ids(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 2)
    profile = ProfileFactory(opted_out=["email", "sms", "push"])
    sealer = sealing.Sealer()

    assert [sealer.tick() for _time in range(3)] == [2, 1, 0]
    consent.opt_out(profile, "all", source=Source.OPERATOR)
    assert [sealer.tick() for _time in range(2)] == [1, 0]

    ids = list(ConsentEvent.objects.order_by("pk").values_list("pk", flat=True))
    assert sealed() == ids
    assert list(SealedBatch.objects.values_list("number", "first_event_id", "last_event_id", "count")) == [
        (1, ids[0], ids[1], 2),
        (2, ids[2], ids[2], 1),
        (3, ids[3], ids[3], 1),
    ]
    assert list(tampering.faults()) == []


def test_sealer_takes_three_statements_when_there_is_nothing_to_do(django_assert_max_num_queries):
    ProfileFactory(opted_out=["email"])
    sealer = sealing.Sealer()
    sealer.tick()

    with django_assert_max_num_queries(4):
        sealer.tick()


def test_sealer_seals_what_a_set_based_change_wrote():
    for _number in range(3):
        ProfileFactory()
    consent.opt_out_set(ProfileFactory._meta.model.objects.all(), "email", source=Source.IMPORT)

    assert sealing.Sealer().seal_everything() == 3


@contextmanager
def another_connection():
    """A connection of its own to the same database, as another process has."""
    other = connections.create_connection("default")
    try:
        yield other
    finally:
        other.close()


INSERT = """INSERT INTO profiles_consentevent (profile_id, scope, service_label, before, after, at, source, "by", page_label,
    wording, delivery_label, detail, request_id, ip)
    VALUES (1, 'email', '', false, true, now(), 'operator', '', '', '', '', '', '', '') RETURNING id"""


def insert(other):
    with other.cursor() as cursor:
        cursor.execute(INSERT)
        return cursor.fetchone()[0]


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_sealer_waits_for_a_transaction_that_holds_a_lower_id():
    """The older transaction drew its id first and commits last: its event is neither passed over nor taken for inserted."""
    sealer = sealing.Sealer()
    with another_connection() as old, another_connection() as new:
        old.set_autocommit(False)
        low = insert(old)
        high = insert(new)
        assert low < high

        assert [sealer.tick(), sealer.tick(), sealed()] == [0, 0, []]
        old.commit()
        # The next look finds the old one gone; a transaction that began meanwhile is no obstacle.
        new.set_autocommit(False)
        higher = insert(new)
        assert [sealer.tick(), sealed()] == [2, [low, high]]
        new.commit()
        sealer.tick()

    assert sealed() == [low, high, higher]
    assert list(tampering.faults()) == []


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_sealer_is_not_held_up_by_a_stream_of_writers():
    """There is always somebody who writes, but each for a moment only."""
    sealer = sealing.Sealer()
    with another_connection() as one, another_connection() as two:
        for writer in (one, two):
            writer.set_autocommit(False)
        insert(one)
        insert(two)
        counts = []
        for writer in (one, two) * 3:
            writer.commit()
            insert(writer)
            counts.append(sealer.tick())
        one.rollback()
        two.rollback()

    assert sum(counts) >= 3
    assert list(tampering.faults()) == []


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_sealer_goes_past_an_id_that_was_rolled_back_and_past_strangers():
    sealer = sealing.Sealer()
    with another_connection() as gone, another_connection() as stranger:
        stranger.set_autocommit(False)
        with stranger.cursor() as cursor:  # an old transaction with a number, which writes something else
            cursor.execute("CREATE TEMPORARY TABLE other (id int)")
        gone.set_autocommit(False)
        insert(gone)
        gone.rollback()
        kept = insert(gone)
        gone.commit()

        assert [sealer.tick(), sealed()] == [1, [kept]]
        stranger.rollback()


@pytest.mark.django_db(transaction=True)
def test_sealers_at_once_seal_each_event_once(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 7)
    profile = ProfileFactory()
    ConsentEvent.objects.bulk_create(
        ConsentEvent(profile=profile, scope="email", before=False, after=True, at=timezone.now(), source=Source.OPERATOR)
        for _number in range(150)
    )
    start = threading.Barrier(4)

    def seal():
        start.wait()
        sealer = sealing.Sealer()
        while SealedBatch.objects.count() < 22:
            sealer.tick()
        connections.close_all()

    threads = [threading.Thread(target=seal) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sealed() == list(ConsentEvent.objects.order_by("pk").values_list("pk", flat=True))
    assert [batch.number for batch in SealedBatch.objects.all()] == list(range(1, 23))
    assert list(tampering.faults()) == []


@pytest.mark.django_db(transaction=True)
def test_background_sealer_works_beside_others_and_stops(settings):
    settings.SEAL_SECONDS = 0.01
    profile = ProfileFactory()
    sealer = sealing.start_in_background()
    for ticked in (True, False, True):
        with transaction.atomic():
            consent.apply_choices(profile, {"email": ticked}, source=Source.OPERATOR)
    for _time in range(500):
        if len(sealed()) == 3:
            break
        threading.Event().wait(0.02)
    sealer.stop()

    assert (len(sealed()), sealer.is_alive()) == (3, False)
