"""Opt out everybody who has an address of a list."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from profiles import consent, pasting
from profiles.channels import OPT_OUT_FIELDS, Channel
from profiles.consent import Evidence
from profiles.models import Profile, ProfileQuerySet, Source
from profiles.pasting import BadLine

CHUNK = 1000  # addresses of one transaction


@dataclass(frozen=True)
class Suppression:
    """What was done, or with dry=True what would be: profiles with these addresses, and of them the newly opted out."""

    addresses: int
    profiles: int
    opted_out: int
    bad_lines: list[BadLine]


def opt_out_pasted(
    text: str, channel: Channel, *, by: AbstractUser | str, scope: str | None = None, detail: str = "", dry: bool = False
) -> Suppression:
    """Opt out every profile that has an address of the text: of the channel, or of `scope`.

    Source import, `detail` names the list in the ledger. With dry=True nothing is written. In transactions of 1,000
    addresses; doing it again changes nothing more. Raises ListTooLong.
    """
    pasted = pasting.read(text, channel)
    evidence = Evidence(detail=(detail or _("pasted list"))[:200])
    scope = scope or channel.value
    having = opted_out = 0
    for profiles in _chunks(channel, pasted.addresses):
        having += profiles.count()
        if dry:
            opted_out += profiles.filter(**{OPT_OUT_FIELDS[scope]: False}).count()
            continue
        opted_out += consent.opt_out_set(profiles, scope, source=Source.IMPORT, by=by, evidence=evidence)
        time.sleep(settings.PAUSE_SECONDS)
    return Suppression(len(pasted.addresses), having, opted_out, pasted.bad_lines)


def _chunks(channel: Channel, addresses: list[str]) -> Iterator[ProfileQuerySet]:
    rest = iter(addresses)
    while chunk := list(islice(rest, CHUNK)):
        yield Profile.objects.filter(**{f"{channel.address_field}__in": chunk})
