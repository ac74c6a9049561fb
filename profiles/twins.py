"""Other profiles with the same address: an opt-out does not reach them (reference-behaviour.md 2.7)."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import ngettext_lazy

from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, Channel
from profiles.models import Profile

MAY_BE_CONTACTED = {
    Channel.EMAIL: ngettext_lazy(
        "%(number)s other profile has this email address and may still be contacted.",
        "%(number)s other profiles have this email address and may still be contacted.",
        "number",
    ),
    Channel.SMS: ngettext_lazy(
        "%(number)s other profile has this mobile number and may still be contacted.",
        "%(number)s other profiles have this mobile number and may still be contacted.",
        "number",
    ),
}
REFUSED_TOO = {
    Channel.EMAIL: ngettext_lazy(
        "%(number)s other profile has this email address and is not contacted by email either.",
        "%(number)s other profiles have this email address and are not contacted by email either.",
        "number",
    ),
    Channel.SMS: ngettext_lazy(
        "%(number)s other profile has this mobile number and is not contacted by SMS either.",
        "%(number)s other profiles have this mobile number and are not contacted by SMS either.",
        "number",
    ),
}


@dataclass(frozen=True)
class Twins:
    """How many other profiles have the address on this channel, and how many of them may still be contacted there."""

    channel: Channel
    address: str
    others: int
    reachable: int

    @property
    def sentence(self) -> str:
        wording, number = (MAY_BE_CONTACTED, self.reachable) if self.reachable else (REFUSED_TOO, self.others)
        return wording[self.channel] % {"number": number}


def twins(profile: Profile) -> list[Twins]:
    """One entry per channel whose address other profiles share; one query per address."""
    found = []
    for channel in Channel.addressed():
        address = getattr(profile, channel.address_field)
        if not address:
            continue
        refused = Q(**{OPT_OUT_FIELDS[ANY_CHANNEL]: True}) | Q(**{channel.opt_out_field: True})
        same = Profile.objects.with_address(channel, address).exclude(pk=profile.pk)
        counts = same.order_by().aggregate(others=Count("pk"), reachable=Count("pk", filter=~refused))
        if counts["others"]:
            found.append(Twins(channel, address, counts["others"], counts["reachable"]))
    return found
