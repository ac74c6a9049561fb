import pytest
from django.utils import timezone

from profiles.channels import Channel
from profiles.pasting import BadLine
from quarantine import pasting
from quarantine.models import QuarantinedAddress, Reason, Status
from quarantine.pasting import Quarantined
from tests.factories import QuarantinedAddressFactory

pytestmark = pytest.mark.django_db

TEXT = "New@example.org\nfailing@example.org\nknown@example.org\nnobody\nnew@example.org\nstop@example.org"
DONE = Quarantined(
    addresses=["new@example.org", "failing@example.org", "known@example.org", "stop@example.org"],
    quarantined=2,
    bad_lines=[BadLine(4, "nobody", "Enter an email address such as marie@example.org.")],
)


@pytest.fixture(autouse=True)
def _known(db):
    QuarantinedAddressFactory(address="known@example.org")
    QuarantinedAddressFactory(
        address="failing@example.org", status=Status.ERRONEOUS, errors=1, significant_error_at=timezone.now()
    )
    QuarantinedAddressFactory(address="stop@example.org", status=Status.BLOCKLIST)
    QuarantinedAddressFactory(address="new@example.org", channel="sms")
    QuarantinedAddressFactory(address="other@example.org", status=Status.VALID)


def statuses():
    return sorted(QuarantinedAddress.objects.values_list("channel", "address", "status"))


def test_quarantine_pasted_quarantines_every_listed_address(operator):
    assert pasting.quarantine_pasted(TEXT, Channel.EMAIL, by=operator, reason=Reason.REFUSED, note="Old tool") == DONE

    assert statuses() == [
        ("email", "failing@example.org", "quarantine"),
        ("email", "known@example.org", "quarantine"),
        ("email", "new@example.org", "quarantine"),
        ("email", "other@example.org", "valid"),
        ("email", "stop@example.org", "blocklist"),
        ("sms", "new@example.org", "quarantine"),
    ]
    new = QuarantinedAddress.objects.get(channel="email", address="new@example.org")
    assert (new.reason, new.error_text, new.modified_by) == (Reason.REFUSED, "Old tool", "Ana Lopes")


@pytest.mark.parametrize("chunk", [1, 1000])
def test_a_dry_run_says_what_would_happen_and_changes_nothing(monkeypatch, chunk):
    monkeypatch.setattr(pasting, "CHUNK", chunk)
    before = statuses()

    assert pasting.quarantine_pasted(TEXT, Channel.EMAIL, by="Ana", dry=True) == DONE

    assert statuses() == before


def test_quarantine_pasted_twice_quarantines_nothing_more():
    pasting.quarantine_pasted(TEXT, Channel.EMAIL, by="Ana")

    assert pasting.quarantine_pasted(TEXT, Channel.EMAIL, by="Ana").quarantined == 0
