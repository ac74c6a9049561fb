"""Quarantine the addresses of a pasted list."""

from dataclasses import dataclass
from itertools import islice

from django.contrib.auth.models import AbstractUser

from profiles import pasting
from profiles.channels import Channel
from profiles.pasting import BadLine
from quarantine import counting
from quarantine.models import QuarantinedAddress, Reason

CHUNK = 1000  # addresses of one query


@dataclass(frozen=True)
class Quarantined:
    """What was done, or with dry=True what would be: addresses read, and of them the newly quarantined.

    Those that were in quarantine or on the blocklist already stay as they are.
    """

    addresses: list[str]
    quarantined: int
    bad_lines: list[BadLine]


def quarantine_pasted(
    text: str,
    channel: Channel,
    *,
    by: AbstractUser | str,
    reason: Reason = Reason.NOT_DEFINED,
    note: str = "",
    dry: bool = False,
) -> Quarantined:
    """Put every address of the text into quarantine; `note` becomes the error text. With dry=True nothing is written.

    Raises pasting.ListTooLong.
    """
    pasted = pasting.read(text, channel)
    if dry:
        number = len(pasted.addresses) - _excluded(channel, pasted.addresses)
    else:
        number = counting.quarantine_addresses(channel, pasted.addresses, by=by, reason=reason, text=note)
    return Quarantined(pasted.addresses, number, pasted.bad_lines)


def _excluded(channel: Channel, addresses: list[str]) -> int:
    excluded = QuarantinedAddress.objects.excluding(channel)
    rest = iter(addresses)
    number = 0
    while chunk := list(islice(rest, CHUNK)):
        number += excluded.filter(address__in=chunk).count()
    return number
