"""What a signed link of a message does when its holder says so: the opt-out is committed before anyone is answered."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from deliveries.models import Delivery
from profiles import aliases, consent, subscriptions
from profiles.channels import OPT_OUT_LABELS, Channel
from profiles.consent import Evidence
from profiles.links import Link
from profiles.models import Profile, Service, Source


@dataclass(frozen=True)
class Request:
    """What the link of a message asks for. Without a delivery (deleted since) it is about email."""

    profile: Profile
    delivery: Delivery | None
    channel: Channel
    service: Service | None

    @property
    def sentence(self) -> str:
        """What will stop, as the page words it and the ledger keeps it."""
        if self.service:
            return _("I no longer want to receive “%(service)s”.") % {"service": self.service.public_label}
        return str(WORDINGS[self.channel]())


WORDINGS = {
    Channel.EMAIL: lambda: _("I no longer want to receive emails."),
    Channel.SMS: lambda: _("I no longer want to receive text messages."),
    Channel.PUSH: lambda: _("I no longer want to receive push notifications."),
    Channel.DIRECT_MAIL: lambda: _("I no longer want to receive mail by post."),
}


def find(link: Link) -> Request | None:
    """Whom and what a genuine link is about; None where the profile does not exist any more."""
    profile = aliases.by_public_id(link.public_id)
    if profile is None:
        return None
    return _request(link, profile)


def as_proof(link: Link) -> Request:
    """What the link of a proof would ask for, for nobody: it is to be shown and not to be acted on."""
    return _request(link, Profile())


def _request(link: Link, profile: Profile) -> Request:
    deliveries: QuerySet[Delivery] = Delivery.objects.select_related("service")
    delivery = deliveries.filter(pk=link.delivery).first()
    channel = Channel.of(delivery.channel) if delivery else Channel.EMAIL
    return Request(profile, delivery, channel, delivery.service if delivery else None)


def act(request: Request, *, source: Source, evidence: Evidence) -> None:
    """Unsubscribe from the delivery's service, or opt out of its channel. Doing it again changes nothing.

    Whoever was merged a moment ago is meant all the same; whoever was erased gets nothing anyway.
    """
    with transaction.atomic():
        try:
            profile = aliases.held(request.profile.pk)
        except Profile.DoesNotExist:
            return
        if request.service:
            subscriptions.unsubscribe(profile, request.service, source=source, evidence=evidence)
        else:
            consent.opt_out(profile, request.channel, source=source, evidence=evidence)


def tighten(profile: Profile, scopes: list[str], *, evidence: Evidence) -> None:
    """Tick the boxes that the holder of a personal link chose; a personal link never clears one."""
    choices = {scope: True for scope in OPT_OUT_LABELS if scope in scopes}
    consent.apply_choices(profile, choices, source=Source.PERSONAL_LINK, evidence=evidence)
