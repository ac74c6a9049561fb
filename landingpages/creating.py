"""Make a profile of a submission whose key nobody has. Typing an address loosens nothing for those who have it already."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from landingpages import memberships, submission
from landingpages.models import Submission
from landingpages.submission import Wanted
from profiles import consent, registering
from profiles.channels import Channel
from profiles.consent import Evidence
from profiles.models import Profile, Service, Source
from profiles.values import is_given


@dataclass(frozen=True)
class Asked:
    """A submission in the worker's hands: the content that it answers, and what it asks for."""

    one: Submission
    content: dict[str, Any]
    wanted: Wanted

    @property
    def addresses(self) -> dict[str, str]:
        return self.wanted.addresses

    @cached_property
    def evidence(self) -> Evidence:
        """What the ledger keeps of it: one request for all of its rows."""
        return submission.evidence_for(self.one.version, network=self.one.ip, request_id=str(self.one.request_id))


def create(asked: Asked, *, is_confirmed: bool) -> tuple[Profile, dict[str, bool]]:
    """The new profile, and which of its boxes wait for a confirmation to be cleared.

    Where another profile with a typed address has refused the channel, this one refuses it too: else a stranger could
    undo an opt-out by typing a known address under another name. A box for emails that was left clear is asked for at
    that very address; who confirmed the registration there has answered already.
    """
    evidence = _confirmed(asked.evidence) if is_confirmed else asked.evidence
    refused = _refused_already(asked.addresses)
    is_wanted = Channel.EMAIL in refused and asked.wanted.choices.get(Channel.EMAIL) is False
    carried = [scope for scope in refused if not (is_confirmed and is_wanted and scope == Channel.EMAIL)]
    note(asked.one, [name for name, value in (asked.wanted.fields | asked.addresses).items() if is_given(value)])
    profile = registering.register(
        asked.wanted.fields | asked.addresses,
        asked.wanted.choices,
        source=Source.LANDING_PAGE,
        created_by=evidence.page_label,
        evidence=evidence,
        wordings=asked.wanted.wordings,
    )
    with override(settings.LANGUAGE_CODE):  # one word in the ledger, whatever language the person reads
        shared = replace(evidence, wording="", detail=_("this address is opted out on another profile"))
    consent.apply_choices(profile, dict.fromkeys(carried, True), source=Source.SYSTEM, evidence=shared)
    return profile, {Channel.EMAIL.value: False} if is_wanted and not is_confirmed else {}


def subscribe(profile: Profile, asked: Asked, *, is_confirmed: bool) -> dict[int, bool]:
    """Subscribe the new profile to what it asks for; the services that wait for a confirmation (decision 12)."""
    found = Service.objects.in_bulk([number for number, yes in asked.wanted.services.wanted.items() if yes])
    waiting = {
        number: True
        for number, service in found.items()
        if service.double_opt_in and service.takes_subscriptions() and not is_confirmed
    }
    memberships.apply(
        profile,
        {number: True for number in found if number not in waiting},
        source=Source.DOUBLE_OPT_IN if is_confirmed else Source.LANDING_PAGE,
        evidence=_confirmed(asked.evidence) if is_confirmed else asked.evidence,
        wordings=asked.wanted.wordings,
        language=asked.one.language,
    )
    return waiting


def note(one: Submission, changed: list[str]) -> None:
    """Keep with the submission which fields it changed at once."""
    if changed:
        Submission.objects.filter(pk=one.pk).update(changed=changed)


def _refused_already(addresses: dict[str, str]) -> list[str]:
    """The channels that somebody with one of the typed addresses has refused."""
    return [
        channel.value
        for channel in Channel.addressed()
        if (address := addresses.get(channel.address_field))
        and Profile.objects.with_address(channel, address)
        .filter(Q(opted_out_all=True) | Q((channel.opt_out_field, True)))
        .exists()
    ]


def _confirmed(evidence: Evidence) -> Evidence:
    with override(settings.LANGUAGE_CODE):
        return replace(evidence, detail=_("confirmed by email"))
