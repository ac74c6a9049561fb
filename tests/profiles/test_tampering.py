"""Everything that somebody with the database, but without the key, could do to the ledger is found and named."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from profiles import consent, ledger, sealing, serialising, subscriptions, tampering, triggers
from profiles.models import ConsentEvent, Erasing, SealedBatch, Source
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(settings):
    """Seven sealed events of one profile in three batches, and the ids; nothing is wrong."""
    profile = ProfileFactory()
    for numbers in ([0, 1, 2], [3, 4], [5, 6]):
        for number in numbers:
            consent.apply_choices(profile, {"email": number % 2 == 0}, source=Source.OPERATOR, by="Ana Lopes")
        sealing.Sealer().tick()
    assert SealedBatch.objects.count() == 3
    assert list(tampering.faults()) == []
    return list(ConsentEvent.objects.order_by("pk"))


def tamper(statement, *parameters):
    """Past the guard, as its owner can."""
    with triggers.lifted(connection, *ledger.GUARDS), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount


def altered(event):
    return f"Event {event.pk} of profile {event.profile_id} was altered: it does not match its seal."


def broken(number, first, last):
    return f"Batch {number} (events {first.pk} to {last.pk}) is not as it was sealed."


@pytest.mark.parametrize(
    "change",
    [
        "at = '2020-01-01 10:00:00+00:00'",
        "scope = 'sms'",
        "source = 'import'",
        "\"by\" = 'Ben'",
        "by_id = 7",
        "profile_id = profile_id + 1",
        "wording = 'I agree'",
        "detail = 'Ana Lopes'",
        "page_version_id = 0",
    ],
)
def test_altered_event_is_named(events, change):
    tamper(f"UPDATE profiles_consentevent SET {change} WHERE id = %s", events[3].pk)

    assert list(tampering.faults()) == [altered(ConsentEvent.objects.get(pk=events[3].pk))]


OTHERWISE = {"BooleanField": "NOT {0}", "DateTimeField": "'2020-01-01 10:00:00+00:00'", "CharField": "'x'", "TextField": "'x'"}
COLUMNS = [field for field in ConsentEvent._meta.concrete_fields if field.attname not in ("id", "before", "after", "scope")]


@pytest.mark.parametrize("field", COLUMNS, ids=[field.attname for field in COLUMNS])
def test_altered_event_is_named_whichever_column_it_is(events, field):
    """Those that a constraint ties together are in the tests above and below."""
    subscriptions.subscribe(events[0].profile, ServiceFactory(), source=Source.OPERATOR)
    sealing.Sealer().tick()
    event = ConsentEvent.objects.latest("pk")

    other = OTHERWISE.get(field.get_internal_type(), "4711").format(f'"{field.column}"')
    tamper(f'UPDATE profiles_consentevent SET "{field.column}" = {other} WHERE id = %s', event.pk)

    assert list(tampering.faults()) == [altered(ConsentEvent.objects.get(pk=event.pk))]


def test_swapped_events_are_named(events):
    tamper(
        "UPDATE profiles_consentevent SET before = NOT before, after = NOT after WHERE id IN (%s, %s)", events[1].pk, events[2].pk
    )

    assert list(tampering.faults()) == [altered(events[1]), altered(events[2])]


@pytest.mark.parametrize("place", [0, 3, 6])
def test_removed_event_is_named(events, place):
    tamper("DELETE FROM profiles_consentevent WHERE id = %s", events[place].pk)

    [sentence] = tampering.faults()
    assert sentence.startswith(f"Event {events[place].pk} was removed: batch {[1, 1, 1, 2, 2, 3, 3][place]} of ")
    assert sentence.endswith(" has its seal, and no erasure names it.")


@pytest.mark.parametrize("place", [0, 4, 6])
def test_event_removed_with_its_seal_is_named(events, place):
    tamper("DELETE FROM profiles_consentevent WHERE id = %s", events[place].pk)
    tamper("DELETE FROM profiles_seal WHERE event_id = %s", events[place].pk)

    number = [1, 1, 1, 2, 2, 3, 3][place]
    first, last = {1: (0, 2), 2: (3, 4), 3: (5, 6)}[number]
    count = last - first + 1
    assert list(tampering.faults()) == [
        broken(number, events[first], events[last]),
        f"It had {count} seals and has {count - 1}. Gone with their seals, as far as can be told: {events[place].pk}.",
    ]


@pytest.mark.parametrize("event_id", [-5, 0, "gap"])
def test_inserted_event_is_named(event_id, settings):
    profile = ProfileFactory(opted_out=["email"])
    [before] = ConsentEvent.objects.all()
    if event_id == "gap":
        event_id = before.pk + 1
        ConsentEvent.objects.create(pk=before.pk + 2, profile=profile, scope="sms", before=False, after=True, at=timezone.now())
    sealing.Sealer().tick()
    assert list(tampering.faults()) == []

    ConsentEvent.objects.create(pk=event_id, profile=profile, scope="email", before=True, after=False, at=timezone.now())

    assert list(tampering.faults()) == [f"Event {event_id} of profile {profile.pk} was inserted: it has no seal."]


def test_altered_seal_is_found(events):
    tamper("UPDATE profiles_seal SET mac = %s WHERE event_id = %s", b"0" * 16, events[3].pk)

    assert list(tampering.faults()) == [altered(events[3]), broken(2, events[3], events[4])]


def test_seal_made_without_the_key_is_found(events, settings):
    """An event altered together with its seal, by somebody who has the program but not the key."""
    tamper("UPDATE profiles_consentevent SET wording = 'I agree' WHERE id = %s", events[3].pk)
    settings.SUPPRESSION_KEY, genuine = "of somebody who guesses, thirty-two", settings.SUPPRESSION_KEY
    [(_id, text)] = serialising.read(connection, after=events[2].pk, upto=events[3].pk, limit=1)
    forged = sealing.event_code()(text)
    settings.SUPPRESSION_KEY = genuine
    tamper("UPDATE profiles_seal SET mac = %s WHERE event_id = %s", forged, events[3].pk)

    assert list(tampering.faults()) == [altered(events[3]), broken(2, events[3], events[4])]


@pytest.mark.parametrize(
    ("change", "found"),
    [("count = count + 1", [2]), ("first_event_id = 0", [2]), ("at = '2020-01-01 10:00:00+00:00'", [2]), ("mac = %s", [2, 3])],
)
def test_altered_batch_is_found(events, change, found):
    tamper(f"UPDATE profiles_sealedbatch SET {change} WHERE number = 2", *([b"0" * 32] if "%s" in change else []))

    names = [sentence.split(" ")[1] for sentence in tampering.faults() if sentence.startswith("Batch")]
    assert names == [str(number) for number in found]


def test_removed_batch_is_found(events):
    tamper("DELETE FROM profiles_sealedbatch WHERE number = 2")

    assert list(tampering.faults()) == [
        "The chain of batches is broken: batch 1 is followed by batch 3.",
        broken(3, events[5], events[6]),
    ]


def test_removed_last_batch_leaves_its_seals(events):
    tamper("DELETE FROM profiles_sealedbatch WHERE number = 3")

    assert list(tampering.faults()) == [f"The chain of batches is cut off: the seal of event {events[5].pk} belongs to no batch."]


def test_end_that_was_cut_off_is_found_by_a_batch_noted_down(events):
    noted = [tuple(tampering.noted_form(batch).split(":")) for batch in SealedBatch.objects.all()]
    noted = [(int(number), code) for number, code in noted]
    tamper("DELETE FROM profiles_sealedbatch WHERE number > 1")
    tamper("DELETE FROM profiles_seal WHERE event_id > %s", events[2].pk)
    tamper("DELETE FROM profiles_consentevent WHERE id > %s", events[3].pk)
    sealing.Sealer().tick()

    assert list(tampering.faults()) == []
    assert list(tampering.faults(noted=noted)) == [
        "Batch 2 is not the one that was noted: the ledger was cut off and sealed anew.",
        "Batch 3 is not the one that was noted: the ledger was cut off and sealed anew.",
    ]


def erase(profile_id, event_ids, mac=None):
    facts = {"profile_id": profile_id, "erased_at": timezone.now(), "erased_by": "Ana Lopes", "event_ids": event_ids}
    Erasing.objects.create(**facts, mac=mac or sealing.erasure_mac(**facts))
    ConsentEvent.objects.filter(profile=profile_id).delete()


def test_erasure_explains_its_events_and_no_other(events):
    other = ProfileFactory(opted_out=["sms", "push"])
    sealing.Sealer().tick()
    kept = ConsentEvent.objects.filter(profile=other).order_by("pk").first()
    erase(events[0].profile_id, [event.pk for event in events])
    assert list(tampering.faults()) == []

    tamper("DELETE FROM profiles_consentevent WHERE id = %s", kept.pk)

    [sentence] = tampering.faults()
    assert sentence.startswith(f"Event {kept.pk} was removed: batch 4 of ")


def test_forged_record_of_an_erasure_explains_nothing(events):
    profile_id = events[0].profile_id
    erase(profile_id, [event.pk for event in events], mac=b"0" * 32)

    first, *others = tampering.faults()
    assert first == f"The record of the erasure of profile {profile_id} is not genuine."
    assert [sentence.split(" was ")[0] for sentence in others] == [f"Event {event.pk}" for event in events]


def test_event_that_stays_unsealed_is_reported_after_five_minutes(events):
    profile, now = ProfileFactory(), timezone.now()
    late = ConsentEvent.objects.create(
        profile=profile, scope="sms", before=False, after=True, at=now - timedelta(minutes=5, seconds=1)
    )
    ConsentEvent.objects.create(profile=profile, scope="push", before=False, after=True, at=now - timedelta(minutes=4))

    assert list(tampering.faults()) == [
        f"1 event older than 5 minutes is not sealed, from event {late.pk} on: is a worker running?"
    ]


def test_another_key_is_suspected_before_the_terminal_is_full(events, settings, monkeypatch):
    settings.SUPPRESSION_KEY = "another key, thirty-two characters"
    monkeypatch.setattr(tampering, "MOST", 3)

    assert list(tampering.faults()) == [
        *(altered(event) for event in events[:3]),
        "The check of the seals ends here, after 3 faults. Is SUPPRESSION_KEY as it was?",
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite keeps values of another type than the column's")
@pytest.mark.parametrize(
    "change",
    ["profile_id = CAST(profile_id AS BLOB)", "after = after + 2", "at = at || '+05:00'", "wording = CAST(x'ff' AS TEXT)"],
)
def test_value_in_disguise_is_an_altered_event(events, change):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            tamper(f"UPDATE profiles_consentevent SET {change} WHERE id = %s", events[3].pk)
            cursor.execute("PRAGMA ignore_check_constraints = OFF")

        [sentence] = tampering.faults()
        assert sentence.startswith(f"Event {events[3].pk} of profile ")
        transaction.set_rollback(True)
