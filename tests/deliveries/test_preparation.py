import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from deliveries import guards, lifecycle, preparation
from deliveries.models import Batch, Delivery, ExclusionCause, Message, Preparation
from deliveries.statuses import InvalidTransition
from profiles import consent, triggers
from profiles.models import Profile, Source
from quarantine.models import Reason, Status
from tests.factories import ProfileFactory, QuarantinedAddressFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def verdicts(prepared):
    rows = prepared.messages.order_by("profile_id").values_list("profile_id", "exclusion", "detail", "status")
    return list(rows)


def causes(prepared):
    rows = ExclusionCause.objects.filter(preparation=prepared).exclude(volume=0)
    return sorted(rows.values_list("exclusion", "detail", "volume"))


def numbers(prepared):
    return prepared.targeted, prepared.to_deliver, prepared.excluded


def test_each_person_has_one_row_and_the_first_reason_that_hits(make_delivery, prepare):
    QuarantinedAddressFactory(address="gone@example.org", reason=Reason.USER_UNKNOWN)
    QuarantinedAddressFactory(address="complained@example.org", status=Status.BLOCKLIST)
    QuarantinedAddressFactory(
        address="slow@example.org", status=Status.ERRONEOUS, errors=1, error_at=NOW, significant_error_at=NOW
    )
    reached = ProfileFactory(email="marie@example.org")
    nowhere = ProfileFactory(email="", opted_out=["email"])
    malformed = ProfileFactory()
    Profile.objects.filter(pk=malformed.pk).update(email="Not An Address")
    by_email = ProfileFactory(email="gone@example.org", opted_out=["email"])
    by_any = ProfileFactory(opted_out=["all", "email"])
    gone = ProfileFactory(email="gone@example.org")
    complained = ProfileFactory(email="complained@example.org")
    slow = ProfileFactory(email="slow@example.org")
    twin = ProfileFactory(email="marie@example.org")

    prepared = prepare(make_delivery())

    assert verdicts(prepared) == [
        (reached.pk, "", "", "pending"),
        (nowhere.pk, "address_not_specified", "", "ignored"),
        (malformed.pk, "invalid_address", "", "ignored"),
        (by_email.pk, "blocklist", "email", "ignored"),
        (by_any.pk, "blocklist", "all", "ignored"),
        (gone.pk, "quarantine", "user_unknown", "ignored"),
        (complained.pk, "quarantine", "on_blocklist", "ignored"),
        (slow.pk, "", "", "pending"),
        (twin.pk, "duplicate", "", "ignored"),
    ]
    assert numbers(prepared) == (9, 2, 7)


def test_every_rule_is_listed_with_its_volume_zero_too(make_delivery, prepare):
    ProfileFactory(opted_out=["email"])

    prepared = prepare(make_delivery())

    rows = ExclusionCause.objects.filter(preparation=prepared).values_list("exclusion", "detail", "volume")
    assert sorted(rows) == [
        ("address_not_specified", "", 0),
        ("blocklist", "email", 1),
        ("control_group", "", 0),
        ("duplicate", "", 0),
        ("excluded_address", "", 0),
        ("excluded_domain", "", 0),
        ("invalid_address", "", 0),
        ("quarantine", "", 0),
        ("size_limit", "", 0),
    ]


def test_opting_out_of_one_channel_leaves_the_others(make_delivery, prepare):
    profile = ProfileFactory(opted_out=["email"])

    by_sms = prepare(make_delivery(channel="sms", text="Hello"))

    assert verdicts(by_sms) == [(profile.pk, "", "", "pending")]


def test_an_opted_out_holder_does_not_use_up_the_place_of_the_address(make_delivery, prepare):
    first = ProfileFactory(email="both@example.org", opted_out=["email"])
    second = ProfileFactory(email="both@example.org")
    third = ProfileFactory(email="both@example.org")

    prepared = prepare(make_delivery())

    assert [(pk, exclusion) for pk, exclusion, *_ in verdicts(prepared)] == [
        (first.pk, "blocklist"),
        (second.pk, ""),
        (third.pk, "duplicate"),
    ]


def test_ranges_and_batches_do_not_change_the_verdicts(make_delivery, prepare, settings):
    for number in range(20):
        ProfileFactory(email=f"person{number % 12}@example.org", opted_out=["email"] if number % 5 == 0 else [])
    delivery = make_delivery()
    whole = verdicts(prepare(delivery))
    settings.PREPARATION_RANGE, settings.BATCH_MESSAGES = 3, 4

    prepared = prepare(delivery)

    assert verdicts(prepared) == whole
    batches = list(prepared.batches.order_by("low").values_list("low", "high", "total"))
    reached = [pk for pk, exclusion, *_ in whole if not exclusion]
    chunks = [reached[i : i + 4] for i in range(0, len(reached), 4)]
    assert batches == [(before[-1] + 1, chunk[-1], len(chunk)) for before, chunk in zip([[0], *chunks[:-1]], chunks, strict=True)]


def test_audience_of_nobody_prepares_an_empty_result(make_delivery, prepare):
    ProfileFactory(country="FR")

    prepared = prepare(make_delivery(audience={"all": [{"field": "country", "operator": "in", "value": []}]}))

    assert numbers(prepared) == (0, 0, 0)


def test_a_preparation_that_was_cut_off_goes_on_where_it_stood(make_delivery, settings):
    people = [ProfileFactory() for _ in range(6)]
    settings.PREPARATION_RANGE = 2
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    cut_off = preparation.claim("first")
    preparation._fix_target(cut_off)
    while cut_off.next_id < people[2].pk:
        preparation._write_range(cut_off)
    Preparation.objects.update(lease_until=None)

    preparation.run(preparation.claim("second"))

    delivery.refresh_from_db()
    assert [pk for pk, *_ in verdicts(delivery.preparation)] == [person.pk for person in people]


def test_a_preparation_cut_off_between_its_batches_cuts_them_anew(make_delivery, settings):
    ProfileFactory.create_batch(5)
    settings.BATCH_MESSAGES = 2
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    cut_off = preparation.claim("first")
    preparation._fix_target(cut_off)
    preparation._write_range(cut_off)
    preparation._write_batches(cut_off)
    Preparation.objects.update(lease_until=None)

    preparation.run(preparation.claim("second"))

    delivery.refresh_from_db()
    assert list(delivery.preparation.batches.order_by("low").values_list("total", flat=True)) == [2, 2, 1]
    assert delivery.preparation.to_deliver == 5


def test_a_preparation_taken_over_writes_nothing_more(make_delivery):
    ProfileFactory()
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    slow = preparation.claim("slow")
    Preparation.objects.update(lease_until=None)
    preparation.run(preparation.claim("fast"))

    preparation.run(slow)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.preparation.targeted, Preparation.objects.count()) == ("ready", 1, 1)


def test_two_operators_cannot_prepare_at_once(make_delivery):
    delivery = make_delivery()
    stale = Delivery.objects.get(pk=delivery.pk)
    preparation.start(delivery, by="Ana")

    with pytest.raises(InvalidTransition):
        preparation.start(stale, by="Ben")

    assert Preparation.objects.count() == 1


def test_the_former_result_is_valid_until_the_new_one_is_ready(make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    former = prepare(delivery)
    ProfileFactory()

    preparation.start(delivery, by="Ana")
    assert Delivery.objects.get().preparation_id == former.pk
    preparation.cancel(delivery, by="Ana")

    assert (delivery.status, Delivery.objects.get().preparation_id) == ("ready", former.pk)
    current = prepare(delivery)
    former.refresh_from_db()
    assert (former.status, current.status, current.targeted) == ("superseded", "ready", 2)


def test_a_failed_preparation_leaves_the_former_one_and_says_why(make_delivery, prepare):
    delivery = make_delivery()
    former = prepare(delivery)
    Delivery.objects.update(audience={"field": "shoe_size", "operator": "in", "value": [42]})
    delivery.refresh_from_db()

    prepare(delivery)

    assert (delivery.status, delivery.preparation_id) == ("ready", former.pk)
    assert "shoe_size" in delivery.log.last().shown


def test_changing_a_ready_delivery_asks_for_a_new_preparation(make_delivery, prepare):
    delivery = make_delivery()
    prepared = prepare(delivery)

    lifecycle.revise(delivery, {"subject": "Other"}, revision=delivery.revision, by="Ana")

    prepared.refresh_from_db()
    assert (delivery.status, delivery.preparation_id, prepared.status) == ("editing", None, "superseded")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"subject": " "}, "The subject is empty."),
        ({"html": ""}, "The content is empty."),
        ({"html": "<p>Hello</p>", "text": "{{ unsubscribe_url }}"}, "The HTML has no unsubscription link"),
        ({"subject": "{{ profile.shoe }}"}, "“profile.shoe”, which does not exist"),
        ({"subject": "{{ profile.custom.shoe }}"}, "“profile.custom.shoe”, which does not exist"),
        ({"html": "{% if %}"}, "The HTML has a mistake: line 1"),
    ],
)
def test_content_that_is_not_fit_blocks_the_confirmation(make_delivery, prepare, confirm, fields, text):
    ProfileFactory()
    delivery = make_delivery(**fields)

    prepare(delivery)

    assert any(text in line.shown for line in delivery.log.filter(level="error"))
    with pytest.raises(InvalidTransition):
        confirm(delivery)
    delivery.refresh_from_db()
    assert delivery.status == "ready"


def test_confirm_is_for_the_preparation_that_was_shown(make_delivery, prepare, operator):
    ProfileFactory()
    delivery = make_delivery()
    shown = prepare(delivery)
    prepare(delivery)

    with pytest.raises(InvalidTransition):
        lifecycle.confirm(delivery, preparation=shown.pk, by=operator)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.confirmed_at) == ("ready", None)


def test_what_happens_after_the_preparation_does_not_change_it(make_delivery, prepare):
    profile = ProfileFactory()
    prepared = prepare(make_delivery())

    consent.opt_out(profile, "email", source=Source.ONE_CLICK)

    assert verdicts(prepared) == [(profile.pk, "", "", "pending")]


BAD_SQL = {
    "exclude without ignoring": "UPDATE deliveries_message SET status = 'ignored'",
    "change a verdict": "UPDATE deliveries_message SET exclusion = 'duplicate', status = 'ignored'",
    "change an address": "UPDATE deliveries_message SET address = 'other@example.org'",
    "delete a row": "DELETE FROM deliveries_message",
    "move a row": "UPDATE deliveries_message SET profile_id = profile_id + 1000",
    "add a row": """INSERT INTO deliveries_message (preparation_id, profile_id, address, exclusion, detail, status, outcome,
        attempts, prepared_at, provider_id) SELECT preparation_id, 999999, '', '', '', 'pending', '', 0, prepared_at, ''
        FROM deliveries_message""",
    "change the sum": "UPDATE deliveries_preparation SET targeted = targeted + 1, excluded = excluded + 1",
    "break the sum": "UPDATE deliveries_preparation SET targeted = targeted + 1",
    "change a volume": "UPDATE deliveries_exclusioncause SET volume = volume + 1",
    "forget a cause": "DELETE FROM deliveries_exclusioncause",
    "add a cause": """INSERT INTO deliveries_exclusioncause (preparation_id, exclusion, detail, volume)
        SELECT id, 'own_rule', 'invented', 1 FROM deliveries_preparation""",
    "be ready at once": """INSERT INTO deliveries_preparation (delivery_id, number, status, content, audience, rules, targeted,
        to_deliver, excluded, next_id, worker, created_at, created_by) SELECT delivery_id, 2, 'ready', content, audience, rules,
        targeted, to_deliver, excluded, next_id, worker, created_at, created_by FROM deliveries_preparation""",
    "change the content": "UPDATE deliveries_preparation SET content = '{}'",
    "change the rules": "UPDATE deliveries_preparation SET rules = '[]'",
    "end without a moment": "UPDATE deliveries_message SET status = 'sent'",
    "ready without a preparation": "UPDATE deliveries_delivery SET preparation_id = NULL",
    "count twice": "UPDATE deliveries_batch SET sent = total + 1",
}


@pytest.mark.parametrize("statement", BAD_SQL.values(), ids=BAD_SQL)
def test_the_database_refuses(make_delivery, prepare, statement):
    ProfileFactory()
    prepared = prepare(make_delivery())

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    prepared.refresh_from_db()
    assert (prepared.targeted, Message.objects.count(), Batch.objects.get().total) == (1, 1, 1)


def test_the_database_recounts_when_a_preparation_becomes_ready(make_delivery):
    ProfileFactory()
    preparation.start(make_delivery(), by="Ana")
    running = preparation.claim("test")
    preparation._fix_target(running)
    preparation._write_range(running)

    with pytest.raises(IntegrityError), transaction.atomic():
        Preparation.objects.update(status="ready", targeted=2, to_deliver=2, excluded=0)

    assert Preparation.objects.get().status == "running"


def test_the_guard_stands_again_behind_a_preparation_and_behind_one_that_broke_off(make_delivery, prepare, monkeypatch):
    ProfileFactory()
    prepare(make_delivery())
    assert triggers.missing(connection, guards.MESSAGE_GUARD) == []

    def broken(*args, **kwargs):
        raise KeyboardInterrupt

    preparation.start(make_delivery(), by="Ana Lopes")
    monkeypatch.setattr("deliveries.targeting.bulk.insert_computed", broken)
    with pytest.raises(KeyboardInterrupt):
        preparation.run(preparation.claim("test"))

    assert triggers.missing(connection, guards.MESSAGE_GUARD) == []
