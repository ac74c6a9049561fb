import pytest

from profiles import ledger, suppression
from profiles.channels import ANY_CHANNEL, Channel
from profiles.models import ConsentEvent, Profile
from profiles.pasting import BadLine
from profiles.suppression import Suppression
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db

TEXT = "Gone@example.org\nstranger@example.org\nout@example.org\nnobody\n"
BAD = [BadLine(4, "nobody", "Enter an email address such as marie@example.org.")]


@pytest.fixture
def people():
    """Two with a listed address, one of them a twin; one opted out before; one who is not on the list."""
    return [
        ProfileFactory(email="gone@example.org"),
        ProfileFactory(email="gone@example.org"),
        ProfileFactory(email="out@example.org", opted_out=["email"]),
        ProfileFactory(email="stays@example.org"),
    ]


def ticked():
    return [profile.ticked for profile in Profile.objects.order_by("pk")]


@pytest.mark.parametrize("chunk", [1, 1000])
def test_opt_out_pasted_opts_out_everybody_with_a_listed_address(people, operator, monkeypatch, chunk):
    monkeypatch.setattr(suppression, "CHUNK", chunk)
    before = ConsentEvent.objects.count()

    done = suppression.opt_out_pasted(TEXT, Channel.EMAIL, by=operator)

    assert done == Suppression(addresses=3, profiles=3, opted_out=2, bad_lines=BAD)
    assert ticked() == [["No longer contact by email"]] * 3 + [[]]
    written = ConsentEvent.objects.order_by("pk")[before:].values_list("profile", "scope", "source", "by", "detail")
    assert sorted(written) == [(profile.pk, "email", "import", "Ana Lopes", "pasted list") for profile in people[:2]]
    assert list(ledger.disagreements()) == []


def test_opt_out_pasted_may_opt_out_of_every_channel(people):
    done = suppression.opt_out_pasted(TEXT, Channel.EMAIL, by="Ana", scope=ANY_CHANNEL, detail="Old tool, 2024")

    assert done == Suppression(addresses=3, profiles=3, opted_out=3, bad_lines=BAD)
    assert [profile.opted_out_all for profile in Profile.objects.order_by("pk")] == [True, True, True, False]
    assert set(ConsentEvent.objects.filter(scope="all").values_list("detail", flat=True)) == {"Old tool, 2024"}


def test_opt_out_pasted_finds_mobile_numbers():
    ProfileFactory(mobile="+33612345678")
    ProfileFactory(mobile="+33699999999")

    done = suppression.opt_out_pasted("+33 6 12 34 56 78", Channel.SMS, by="Ana")

    assert done == Suppression(addresses=1, profiles=1, opted_out=1, bad_lines=[])
    assert ticked() == [["No longer contact by SMS"], []]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(people):
    boxes, events = ticked(), ConsentEvent.objects.count()

    assert suppression.opt_out_pasted(TEXT, Channel.EMAIL, by="Ana", dry=True) == Suppression(3, 3, 2, BAD)

    assert (ticked(), ConsentEvent.objects.count()) == (boxes, events)


def test_opt_out_pasted_twice_changes_nothing_more(people):
    suppression.opt_out_pasted(TEXT, Channel.EMAIL, by="Ana")
    boxes, events = ticked(), ConsentEvent.objects.count()

    assert suppression.opt_out_pasted(TEXT, Channel.EMAIL, by="Ana") == Suppression(3, 3, 0, BAD)
    assert (ticked(), ConsentEvent.objects.count()) == (boxes, events)
