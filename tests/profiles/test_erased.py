import pytest

from profiles import erased
from profiles.channels import Channel
from profiles.models import SuppressedHash

pytestmark = pytest.mark.django_db


def test_erased_addresses_are_found_again_on_their_channel_only():
    erased.remember(Channel.EMAIL, ["marie@example.org", "paul@example.org", ""])

    asked = ["marie@example.org", "anna@example.org", *(f"p{number}@example.org" for number in range(600)), "paul@example.org"]
    assert erased.blocked(Channel.EMAIL, asked) == {"marie@example.org", "paul@example.org"}
    assert erased.blocked(Channel.SMS, ["marie@example.org"]) == set()


def test_erased_address_is_kept_once_and_cannot_be_read():
    erased.remember(Channel.EMAIL, ["marie@example.org"])
    erased.remember(Channel.EMAIL, ["marie@example.org"])

    [kept] = SuppressedHash.objects.all()
    assert (len(kept.digest), b"marie" in bytes(kept.digest)) == (32, False)


def test_erased_address_is_unknown_under_another_key(settings):
    erased.remember(Channel.EMAIL, ["marie@example.org"])
    settings.SUPPRESSION_KEY = "another key, of somebody who guesses addresses"

    assert erased.blocked(Channel.EMAIL, ["marie@example.org"]) == set()


def test_nobody_erased_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert erased.blocked(Channel.EMAIL, ["marie@example.org"]) == set()
