"""The lists of addresses and domains that no delivery is sent to: paste, remove."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deliveries.typology_models import ExcludedAddress, ExcludedDomain
from profiles import pasting
from profiles.channels import Channel, InvalidAddress, normalise_email
from profiles.pasting import BadLine, ListTooLong

AT_ONCE = 1_000  # rows of one INSERT


@dataclass(frozen=True)
class Added:
    """What became of a pasted list. Nothing is added while a line of it cannot be read."""

    added: int
    known: int
    bad_lines: list[BadLine]


def add_addresses(text: str, channel: Channel, *, by: str) -> Added:
    """Every address of the text, normalised. Raises ListTooLong."""
    found = pasting.read(text, channel)
    if found.bad_lines:
        return Added(0, 0, found.bad_lines)
    rows = [ExcludedAddress(channel=channel, address=address, created_by=by) for address in found.addresses]
    with transaction.atomic():
        known = _count_known(ExcludedAddress.objects.filter(channel=channel), "address", found.addresses)
        ExcludedAddress.objects.bulk_create(rows, ignore_conflicts=True, batch_size=AT_ONCE)
    return Added(len(rows) - known, known, [])


def add_domains(text: str, *, by: str) -> Added:
    """Every line of the text is a domain, with or without an @ before it. Raises ListTooLong."""
    lines = pasting.LINE_END.split(text.rstrip())
    if len(lines) > pasting.MOST_LINES:
        raise ListTooLong(_("A list may have %(lines)s lines: paste it in parts.") % {"lines": pasting.MOST_LINES})
    domains: dict[str, None] = {}
    bad_lines = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            domains[normalise_domain(line)] = None
        except InvalidAddress:
            bad_lines.append(BadLine(number, line.strip(), _("Enter a domain such as example.org.")))
    if bad_lines:
        return Added(0, 0, bad_lines)
    with transaction.atomic():
        known = _count_known(ExcludedDomain.objects.all(), "domain", domains)
        rows = [ExcludedDomain(domain=domain, created_by=by) for domain in domains]
        ExcludedDomain.objects.bulk_create(rows, ignore_conflicts=True, batch_size=AT_ONCE)
    return Added(len(rows) - known, known, [])


def normalise_domain(text: str) -> str:
    """As profiles have it: lower case, ASCII. InvalidAddress for anything else."""
    domain = re.sub(r"^@", "", text.strip())
    return normalise_email(f"somebody@{domain}").rpartition("@")[2]


def _count_known(rows: QuerySet[Any], column: str, values: Iterable[str]) -> int:
    wanted = list(values)
    return sum(
        rows.filter(**{f"{column}__in": wanted[start : start + AT_ONCE]}).count() for start in range(0, len(wanted), AT_ONCE)
    )
