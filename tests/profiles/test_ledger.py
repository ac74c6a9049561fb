import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from profiles import checks, consent, ledger, sealing, subscriptions, triggers
from profiles.models import ConsentEvent, Erasing, Profile, Seal, SealedBatch, Source, Subscription
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db

REFUSED = [
    "UPDATE profiles_consentevent SET after = before",
    "DELETE FROM profiles_consentevent",
    "UPDATE profiles_seal SET mac = NULL",
    "DELETE FROM profiles_seal",
    "UPDATE profiles_sealedbatch SET count = 0",
    "DELETE FROM profiles_sealedbatch",
    "UPDATE profiles_erasing SET event_ids = '[]'",
    "DELETE FROM profiles_erasing",
]
TRUNCATE = [
    pytest.param(
        f"TRUNCATE {table}",
        marks=pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE: runs on PostgreSQL"),
    )
    for table in ("profiles_consentevent", "profiles_seal", "profiles_sealedbatch", "profiles_erasing")
]


def drop_a_trigger():
    """What a migration that rebuilds the table does on SQLite, without a word."""
    name = next(iter(ledger.GUARD.statements(connection.vendor)))
    on = f" ON {ledger.TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
    return name


def rows():
    return {model: list(model.objects.order_by("pk").values()) for model in (ConsentEvent, Seal, SealedBatch, Erasing)}


def open_for_erasure(profile_id, event_ids):
    facts = {"profile_id": profile_id, "erased_at": timezone.now(), "erased_by": "Ana Lopes", "event_ids": event_ids}
    return Erasing.objects.create(**facts, mac=sealing.erasure_mac(**facts))


@pytest.mark.parametrize("statement", [*REFUSED, *TRUNCATE])
def test_the_ledger_and_its_seals_refuse_to_be_rewritten(statement):
    ProfileFactory(opted_out=["email"])
    sealing.Sealer().tick()
    open_for_erasure(4_000_000, [])
    before = rows()
    assert all(before.values())

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert rows() == before


def test_only_the_events_of_an_erased_profile_can_be_deleted():
    erased, kept = ProfileFactory(opted_out=["email", "sms"]), ProfileFactory(opted_out=["email"])
    events = ConsentEvent.objects.filter(profile=erased)
    open_for_erasure(erased.pk, list(events.values_list("pk", flat=True)))

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ConsentEvent.objects.all().delete()
    assert ConsentEvent.objects.count() == 3

    events.delete()
    assert list(ConsentEvent.objects.values_list("profile", flat=True)) == [kept.pk]


def test_a_record_of_erasure_is_genuine_as_it_was_written_and_in_no_other_way():
    genuine = open_for_erasure(7, [3, 5])

    assert sealing.is_genuine(Erasing.objects.get(pk=genuine.pk))
    for name, other in (("profile_id", 8), ("erased_by", "Ben"), ("event_ids", [3, 5, 6]), ("erased_at", timezone.now())):
        changed = Erasing.objects.get(pk=genuine.pk)
        setattr(changed, name, other)
        assert not sealing.is_genuine(changed), name


def test_the_ledger_accepts_new_rows():
    profile = ProfileFactory(opted_out=["email"])

    consent.apply_choices(profile, {"email": False}, source=Source.OPERATOR)

    assert ConsentEvent.objects.count() == 2


def test_the_check_is_silent_while_the_guard_is_there():
    assert checks.ledger_is_guarded(databases=["default"]) == []


def test_the_check_reports_a_dropped_trigger():
    name = drop_a_trigger()

    assert triggers.missing(connection, ledger.GUARD) == [name]
    assert [(warning.id, warning.msg) for warning in checks.ledger_is_guarded(databases=["default"])] == [
        ("profiles.W001", "The consent ledger of the database 'default' has lost its guard.")
    ]


def test_installing_the_guard_again_repairs_it():
    drop_a_trigger()

    ledger.install_ledger_guard(connection)

    assert checks.ledger_is_guarded(databases=["default"]) == []


def test_disagreements_is_empty_after_the_verbs():
    profile, service = ProfileFactory(opted_out=["email", "all"]), ServiceFactory()
    consent.apply_choices(profile, {"email": False, "sms": True}, source=Source.OPERATOR)
    subscriptions.subscribe(profile, service, source=Source.OPERATOR)
    subscriptions.unsubscribe(profile, service, source=Source.OPERATOR)
    subscriptions.subscribe(profile, service, source=Source.OPERATOR)

    assert list(ledger.disagreements()) == []


def test_disagreements_names_a_box_without_an_event():
    profile = ProfileFactory()
    Profile.objects.update(opted_out_sms=True)

    assert list(ledger.disagreements()) == [
        f"Profile {profile.pk}: “No longer contact by SMS” is ticked, the ledger says not ticked."
    ]


def test_disagreements_names_a_box_that_was_cleared_without_an_event():
    profile = ProfileFactory(opted_out=["all"])
    Profile.objects.update(opted_out_all=False)

    assert list(ledger.disagreements()) == [
        f"Profile {profile.pk}: “No longer contact (by any channel)” is not ticked, the ledger says ticked."
    ]


def test_disagreements_names_a_subscription_without_an_event():
    profile, service = ProfileFactory(), ServiceFactory(label="Thursday letter")
    Subscription.objects.create(profile=profile, service=service)

    assert list(ledger.disagreements()) == [f"Profile {profile.pk} is subscribed to “Thursday letter”, the ledger says not."]


def test_disagreements_names_an_event_that_does_not_follow_the_one_before():
    profile = ProfileFactory(opted_out=["email"])
    event = ConsentEvent.objects.create(
        profile=profile, scope="email", before=False, after=True, at=timezone.now(), source=Source.OPERATOR
    )

    assert list(ledger.disagreements()) == [
        f"Event {event.pk} of profile {profile.pk} does not start where the one before it ended."
    ]


def test_disagreements_names_a_first_event_that_starts_ticked():
    profile = ProfileFactory()
    event = ConsentEvent.objects.create(
        profile=profile, scope="email", before=True, after=False, at=timezone.now(), source=Source.OPERATOR
    )

    assert list(ledger.disagreements()) == [
        f"Event {event.pk} of profile {profile.pk} does not start where the one before it ended."
    ]


def test_a_subscription_that_was_deleted_past_the_ledger_is_named():
    profile, service = ProfileFactory(), ServiceFactory(label="Thursday letter")
    subscriptions.subscribe(profile, service, source=Source.OPERATOR)

    Subscription.objects.all().delete()

    assert list(ledger.disagreements()) == [f"Profile {profile.pk} is not subscribed to “Thursday letter”, the ledger says so."]
