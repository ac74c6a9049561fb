"""Whom exactly an address or an ID means, as an operator types it."""

import uuid
from dataclasses import dataclass

from django.db.models import Q

from profiles import aliases
from profiles.channels import Channel, InvalidAddress
from profiles.models import Profile

MOST = 20  # people with one address that are told apart


@dataclass(frozen=True)
class Found:
    """A profile; `by_former_id` where the ID is of one that was merged into it."""

    profile: Profile
    by_former_id: bool = False


def exactly(text: str) -> list[Found]:
    """The profiles with this address of any channel, external ID or Heed ID, oldest first; MOST at most."""
    text = text.strip()
    if not text:
        return []
    conditions = Q(external_id=text)
    for channel, address in addresses(text).items():
        conditions |= Q(**{channel.address_field: address})
    found = [Found(profile) for profile in Profile.objects.filter(conditions).order_by("pk")[:MOST]]
    return found or by_heed_id(text)


def addresses(text: str) -> dict[Channel, str]:
    """The channels on which the text is an address, as profiles store it."""
    found = {}
    for channel in Channel.addressed():
        try:
            found[channel] = channel.normalise(text)
        except InvalidAddress:
            continue
    return found


def by_heed_id(text: str) -> list[Found]:
    """The profile with the Heed ID, or the one that it was merged into; none where the text is no such ID."""
    try:
        public_id = uuid.UUID(text)
    except ValueError:
        return []
    profile = aliases.by_public_id(public_id)
    return [Found(profile, by_former_id=profile.public_id != public_id)] if profile else []
