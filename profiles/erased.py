"""Addresses of erased profiles that had opted out: kept as keyed hashes, so that they stay silent (design decision 15)."""

import hmac
from collections.abc import Collection, Iterable
from itertools import islice

from django.conf import settings
from django.utils import timezone

from profiles.channels import Channel
from profiles.models import SuppressedHash

ASKED_AT_ONCE = 500  # digests of one query


def digest(channel: Channel, address: str) -> bytes:
    """HMAC-SHA-256 of a normalised address under SUPPRESSION_KEY, which the database does not hold."""
    return hmac.digest(
        b"heed erased address\0" + settings.SUPPRESSION_KEY.encode(), f"{channel.value}\0{address}".encode(), "sha256"
    )


def remember(channel: Channel, addresses: Iterable[str]) -> None:
    """Keep these normalised addresses silent on the channel from now on; telling it twice changes nothing."""
    now = timezone.now()
    rows = [SuppressedHash(channel=channel, digest=digest(channel, address), created_at=now) for address in addresses if address]
    SuppressedHash.objects.bulk_create(rows, ignore_conflicts=True)


def forget(channel: Channel, address: str) -> None:
    """The holder of the address, or an operator for her, allows the channel again."""
    if address:
        SuppressedHash.objects.filter(channel=channel, digest=digest(channel, address)).delete()


def blocked(channel: Channel, addresses: Collection[str]) -> set[str]:
    """Those of these normalised addresses that were erased while they were opted out; no work where nobody was erased."""
    if not addresses or not SuppressedHash.objects.filter(channel=channel).exists():
        return set()
    digests = {digest(channel, address): address for address in addresses if address}
    waiting, found = iter(digests), set[str]()
    while some := list(islice(waiting, ASKED_AT_ONCE)):
        kept = SuppressedHash.objects.filter(channel=channel, digest__in=some).values_list("digest", flat=True)
        found |= {digests[bytes(one)] for one in kept}
    return found
