"""An address that was erased while it was silenced comes back silent, with whichever profile brings it."""

from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from profiles import consent, erased
from profiles.channels import OPT_OUT_LABELS, Channel
from profiles.consent import Evidence
from profiles.models import ConsentEvent, Profile, Source

ERASED_EARLIER = Evidence(detail=gettext_noop("erased earlier"))  # one word in the ledger, whoever's language it is


def keep(profile: Profile, fields: Collection[str] | None = None) -> list[ConsentEvent]:
    """Tick the box of every channel whose address was erased earlier; the ledger rows written.

    `fields` are the columns that were just written: an address that the profile had already is not asked again, so
    that what its holder allowed since stays allowed. None: the profile is new.
    """
    events: list[ConsentEvent] = []
    for channel in Channel.addressed():
        address = getattr(profile, channel.address_field)
        if fields is not None and channel.address_field not in fields:
            continue
        if address and erased.blocked(channel, [address]):
            events += consent.opt_out(profile, channel, source=Source.SYSTEM, evidence=ERASED_EARLIER)
    return events


def in_words(events: list[ConsentEvent]) -> str:
    """What an operator is told who brought such an address back; "" for none."""
    boxes = ", ".join(_("“%(box)s”") % {"box": OPT_OUT_LABELS[event.scope]} for event in events)
    told = _("This address was erased earlier and has to stay silent: %(boxes)s is ticked.")
    return told % {"boxes": boxes} if boxes else ""
