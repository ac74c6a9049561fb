"""Errors, successes, silence and operators: how an address enters and leaves quarantine."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from profiles.channels import Channel
from quarantine import counting, pasting
from quarantine.models import QuarantinedAddress, Reason, Status
from quarantine.qualification import ErrorType, Qualification
from tests.factories import QuarantinedAddressFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HARD = Qualification(ErrorType.HARD, Reason.USER_UNKNOWN)
FULL = Qualification(ErrorType.SOFT, Reason.MAILBOX_FULL)
SOFT = Qualification(ErrorType.SOFT, Reason.UNREACHABLE)
OURS = Qualification(ErrorType.SOFT, Reason.REFUSED, ours=True)
IGNORED = Qualification(ErrorType.IGNORED, Reason.NOT_CONNECTED)
EVERY_STATUS = list(Status)


def fail(qualification, at, address="ines@example.org", text="no"):
    return counting.record_failure(
        Channel.EMAIL, address, qualification, text=text, delivery_id=7, delivery_label="Spring", at=at
    )


def stored():
    record = QuarantinedAddress.objects.get()
    return record.status, record.errors


def put(status, **values):
    """A record in this status, as its way there would have left it."""
    if status == Status.ERRONEOUS:
        values = {"errors": 1, "significant_error_at": NOON, "reason": Reason.UNREACHABLE} | values
    return QuarantinedAddressFactory(address="ines@example.org", status=status, **values)


def test_hard_error_quarantines_at_once():
    record = fail(HARD, NOON, text="550 5.1.1 unknown")

    record.refresh_from_db()
    facts = (record.channel, record.status, record.reason, record.errors, record.error_at, record.error_text)
    assert facts == ("email", Status.QUARANTINE, Reason.USER_UNKNOWN, 1, NOON, "550 5.1.1 unknown")
    assert (record.delivery_id, record.delivery_label) == (7, "Spring")


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ([0], (Status.ERRONEOUS, 1)),
        ([0, 24], (Status.ERRONEOUS, 2)),
        ([0, 24, 48, 72], (Status.ERRONEOUS, 4)),
        ([0, 24, 48, 72, 96], (Status.QUARANTINE, 5)),
        ([0, 1, 2, 3, 4, 5], (Status.ERRONEOUS, 1)),
        ([0, 23.9], (Status.ERRONEOUS, 1)),
        ([0, 23, 25], (Status.ERRONEOUS, 2)),  # measured from the last counted one, not from the last one
        ([0, 23, 46, 69, 92, 115], (Status.ERRONEOUS, 3)),
        ([0, 24, 48, 72, 95], (Status.ERRONEOUS, 4)),
        ([48, 24, 0], (Status.ERRONEOUS, 1)),  # reported late and out of order
        ([0, 239], (Status.ERRONEOUS, 2)),  # ten days less an hour
        ([0, 24, 48, 72, 72 + 241], (Status.ERRONEOUS, 1)),  # more than ten silent days: counted anew
    ],
)
def test_soft_errors_count_when_they_are_a_day_apart(hours, expected):
    for hour in hours:
        fail(SOFT, NOON + hour * HOUR)

    assert stored() == expected


def test_full_mailbox_keeps_its_count_for_thirty_days():
    for day in (0, 29, 58, 87):
        fail(FULL, NOON + day * DAY)
    assert stored() == (Status.ERRONEOUS, 4)

    fail(FULL, NOON + 118 * DAY)

    assert stored() == (Status.ERRONEOUS, 1)


def test_hard_error_after_soft_ones_quarantines():
    fail(SOFT, NOON)
    fail(HARD, NOON + HOUR)

    assert stored() == (Status.QUARANTINE, 2)


@pytest.mark.parametrize("qualification", [HARD, SOFT])
def test_an_error_that_counts_is_no_operators_act(qualification):
    put(Status.VALID, modified_by="Ana Lopes")

    fail(qualification, NOON)

    assert QuarantinedAddress.objects.get().modified_by == ""


@pytest.mark.parametrize("qualification", [OURS, IGNORED])
def test_fault_of_ours_and_ignored_errors_leave_no_trace(qualification):
    for day in range(6):
        assert fail(qualification, NOON + day * DAY) is None

    assert QuarantinedAddress.objects.count() == 0


@pytest.mark.parametrize("qualification", [OURS, IGNORED])
def test_fault_of_ours_and_ignored_errors_do_not_continue_a_count(qualification):
    fail(SOFT, NOON)

    for day in range(1, 6):
        fail(qualification, NOON + day * DAY)

    assert stored() == (Status.ERRONEOUS, 1)


@pytest.mark.parametrize("qualification", [HARD, SOFT])
def test_allowed_address_keeps_everything_but_the_text(qualification):
    put(Status.ALLOWLIST)

    fail(qualification, NOON, text="550 once more")

    record = QuarantinedAddress.objects.get()
    facts = (record.status, record.errors, record.error_at, record.error_text, record.delivery_label)
    assert facts == (Status.ALLOWLIST, 0, None, "550 once more", "")


@pytest.mark.parametrize("qualification", [HARD, SOFT])
@pytest.mark.parametrize("status", [Status.BLOCKLIST, Status.QUARANTINE])
def test_excluded_address_keeps_status_and_reason(status, qualification):
    put(status, reason=Reason.ON_BLOCKLIST, errors=3)

    fail(qualification, NOON, text="552 full")

    record = QuarantinedAddress.objects.get()
    assert (record.status, record.reason, record.errors) == (status, Reason.ON_BLOCKLIST, 3)
    assert (record.error_at, record.error_text) == (NOON, "552 full")


def test_late_report_does_not_turn_the_error_date_back():
    fail(SOFT, NOON)
    fail(SOFT, NOON - DAY)

    assert QuarantinedAddress.objects.get().error_at == NOON


@pytest.mark.parametrize("status", EVERY_STATUS)
def test_success_releases_only_an_erroneous_address(status):
    put(status)

    released = counting.record_success(Channel.EMAIL, "ines@example.org", at=NOON + HOUR)

    record = QuarantinedAddress.objects.get()
    if status == Status.ERRONEOUS:
        assert (released, record.status, record.errors, record.significant_error_at) == (1, Status.VALID, 0, None)
    else:
        assert (released, record.status) == (0, status)


def test_success_before_the_error_releases_nothing():
    fail(SOFT, NOON)

    assert counting.record_success(Channel.EMAIL, "ines@example.org", at=NOON - HOUR) == 0
    assert stored() == (Status.ERRONEOUS, 1)


def test_success_on_one_channel_says_nothing_about_another():
    fail(SOFT, NOON)

    assert counting.record_success(Channel.SMS, "ines@example.org") == 0
    assert stored() == (Status.ERRONEOUS, 1)


def test_successes_are_one_statement(django_assert_num_queries):
    for name in "abc":
        fail(SOFT, NOON, address=f"{name}@example.org")

    with django_assert_num_queries(1):
        released = counting.record_successes(Channel.EMAIL, ["a@example.org", "b@example.org", "x@example.org"])

    assert released == 2
    assert list(QuarantinedAddress.objects.order_by("address").values_list("address", "status")) == [
        ("a@example.org", "valid"),
        ("b@example.org", "valid"),
        ("c@example.org", "erroneous"),
    ]


@pytest.mark.parametrize(
    ("reason", "days", "expected"),
    [
        (Reason.UNREACHABLE, 9, Status.ERRONEOUS),
        (Reason.UNREACHABLE, 10, Status.ERRONEOUS),
        (Reason.UNREACHABLE, 11, Status.VALID),
        (Reason.USER_UNKNOWN, 11, Status.VALID),
        (Reason.MAILBOX_FULL, 11, Status.ERRONEOUS),
        (Reason.MAILBOX_FULL, 30, Status.ERRONEOUS),
        (Reason.MAILBOX_FULL, 31, Status.VALID),
    ],
)
def test_silence_releases_an_erroneous_address(reason, days, expected):
    fail(Qualification(ErrorType.SOFT, reason), NOON)

    released = counting.clean_up(NOON + days * DAY)

    assert released == (expected == Status.VALID)
    assert stored() == (expected, 0 if released else 1)


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.QUARANTINE, Status.BLOCKLIST, Status.ALLOWLIST])
def test_clean_up_leaves_every_other_status_for_ever(status):
    put(status, errors=5, significant_error_at=NOON, error_at=NOON)

    assert counting.clean_up(NOON + 4000 * DAY) == 0
    assert stored() == (status, 5)


@pytest.mark.parametrize(("days", "left"), [(1, 1), (3, 0)])
def test_clean_up_forgets_valid_addresses_after_two_days(days, left):
    record = put(Status.VALID)

    assert counting.clean_up(record.modified_at + days * DAY) == 0
    assert QuarantinedAddress.objects.count() == left


def test_released_address_is_forgotten_two_days_later_and_not_at_once():
    fail(SOFT, NOON)

    assert counting.clean_up(NOON + 11 * DAY) == 1
    assert stored() == (Status.VALID, 0)


# Verb -> the statuses that it leaves, and where it leads.
VERBS = [
    (
        counting.quarantine,
        Status.QUARANTINE,
        [Status.UNKNOWN, Status.ERRONEOUS, Status.VALID, Status.ALLOWLIST],
    ),
    (
        counting.release,
        Status.VALID,
        [Status.ERRONEOUS, Status.QUARANTINE, Status.ALLOWLIST, Status.BLOCKLIST],
    ),
    (
        counting.allow,
        Status.ALLOWLIST,
        [Status.UNKNOWN, Status.ERRONEOUS, Status.VALID, Status.QUARANTINE],
    ),
]


@pytest.mark.parametrize(("verb", "target", "sources"), VERBS, ids=["quarantine", "release", "allow"])
@pytest.mark.parametrize("status", EVERY_STATUS)
def test_operator_moves_an_address_only_along_the_table(verb, target, sources, status, operator):
    record = put(status, reason=Reason.UNREACHABLE)

    moved = verb(record, by=operator)

    record.refresh_from_db()
    assert moved == (status in sources)
    assert record.status == (target if moved else status)
    assert record.modified_by == ("Ana Lopes" if moved else "")
    assert record.reason == Reason.UNREACHABLE


@pytest.mark.parametrize("verb", [counting.release, counting.allow])
def test_operators_word_clears_the_count(verb, operator):
    fail(SOFT, NOON)

    verb(QuarantinedAddress.objects.get(), by=operator)

    assert QuarantinedAddress.objects.get().errors == 0
    assert QuarantinedAddress.objects.get().significant_error_at is None


def test_second_of_two_operators_is_told(operator):
    first, second = put(Status.QUARANTINE), QuarantinedAddress.objects.get()

    assert counting.release(first, by=operator) is True
    assert counting.release(second, by="Ben") is False
    assert QuarantinedAddress.objects.get().modified_by == "Ana Lopes"


def test_verb_on_a_forgotten_address_changes_nothing(operator):
    record = put(Status.VALID)
    QuarantinedAddress.objects.all().delete()

    assert counting.quarantine(record, by=operator) is False


def test_release_set_leaves_blocklist_and_allowlist(operator):
    for status in EVERY_STATUS:
        put(status).__class__.objects.filter(address="ines@example.org").update(address=f"{status}@example.org")

    assert counting.release_set(QuarantinedAddress.objects.all(), by=operator) == 2
    assert dict(QuarantinedAddress.objects.values_list("address", "status")) == {
        "unknown@example.org": "unknown",
        "erroneous@example.org": "valid",
        "valid@example.org": "valid",
        "blocklist@example.org": "blocklist",
        "quarantine@example.org": "valid",
        "allowlist@example.org": "allowlist",
    }


def test_quarantine_set_leaves_the_blocklist(operator):
    put(Status.BLOCKLIST)
    QuarantinedAddressFactory(address="b@example.org", status=Status.VALID)

    assert counting.quarantine_set(QuarantinedAddress.objects.all(), by=operator) == 1
    assert dict(QuarantinedAddress.objects.values_list("address", "status")) == {
        "ines@example.org": "blocklist",
        "b@example.org": "quarantine",
    }


def test_quarantine_addresses_counts_the_newly_quarantined(operator):
    put(Status.BLOCKLIST, reason=Reason.ON_BLOCKLIST)
    QuarantinedAddressFactory(address="in@example.org", status=Status.QUARANTINE)
    QuarantinedAddressFactory(address="valid@example.org", status=Status.VALID)
    QuarantinedAddressFactory(address="new@example.org", channel="sms", status=Status.VALID)
    addresses = ["new@example.org", "valid@example.org", "in@example.org", "ines@example.org", "new@example.org"]

    number = counting.quarantine_addresses(Channel.EMAIL, addresses, by=operator, reason=Reason.REFUSED, text="old list")

    assert number == 2
    assert list(
        QuarantinedAddress.objects.order_by("address", "channel").values_list("channel", "address", "status", "error_text")
    ) == [
        ("email", "in@example.org", "quarantine", ""),
        ("email", "ines@example.org", "blocklist", ""),
        ("email", "new@example.org", "quarantine", "old list"),
        ("sms", "new@example.org", "valid", ""),
        ("email", "valid@example.org", "quarantine", "old list"),
    ]
    new = QuarantinedAddress.objects.get(channel="email", address="new@example.org")
    assert (new.reason, new.modified_by) == (Reason.REFUSED, "Ana Lopes")


def test_quarantine_addresses_needs_no_statement_per_address(operator, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(counting, "CHUNK", 100)
    addresses = [f"a{n}@example.org" for n in range(250)]

    with django_assert_max_num_queries(15):  # SQLite splits the INSERT of a chunk
        assert counting.quarantine_addresses(Channel.EMAIL, addresses, by=operator) == 250

    assert counting.quarantine_addresses(Channel.EMAIL, addresses, by=operator) == 0


@pytest.mark.parametrize("status", EVERY_STATUS)
def test_expected_number_is_what_happens(status, operator):
    put(status)
    addresses = ["ines@example.org", "new@example.org"]

    expected = pasting.quarantine_pasted("\n".join(addresses), Channel.EMAIL, by=operator, dry=True).quarantined

    assert counting.quarantine_addresses(Channel.EMAIL, addresses, by=operator) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"address": ""},
        {"status": Status.ERRONEOUS},
        {"status": Status.ERRONEOUS, "errors": 1},
        {"status": Status.ERRONEOUS, "significant_error_at": NOON},
    ],
)
def test_database_refuses_impossible_records(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        QuarantinedAddress.objects.bulk_create([QuarantinedAddress(**{"channel": "email", "address": "a@example.org"} | values)])

    assert QuarantinedAddress.objects.count() == 0


def test_database_refuses_a_second_record_of_an_address():
    put(Status.VALID)

    with pytest.raises(IntegrityError), transaction.atomic():
        put(Status.QUARANTINE)

    assert stored() == (Status.VALID, 0)
