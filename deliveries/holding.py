"""What deliveries hold about a person: a message per preparation that targeted her."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries.models import Message, Preparation, ProofMail, TrackingEvent, Withheld
from deliveries.typology_models import ExcludedAddress
from profiles.channels import Channel
from profiles.holders import Addresses, Holder, Person, Row
from profiles.models import Profile


class MessageHolder(Holder):
    """A prepared message stays with its verdict, because it is part of a sum; address, answer and provider's id go."""

    key = "messages"
    label = gettext_lazy("Messages of deliveries")
    models = (Message,)
    on_erasure = gettext_lazy("emptied: the verdict stays, so that the sums stay true; what is not sent yet is not sent")

    def addresses(self, person: Person) -> Addresses:
        found = _hers(Message, person).values_list("preparation__delivery__channel", "address")
        return {(Channel.of(channel), address) for channel, address in found}

    def count(self, person: Person) -> int:
        return _hers(Message, person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Delivery"): one.preparation.content.get("label", ""),
                _("Address"): one.address,
                _("Prepared"): one.prepared_at,
                _("Exclusion"): one.get_exclusion_display(),
                _("Status"): one.get_status_display(),
                _("Reason"): one.reason_label,
                _("Date"): one.ended_at,
                _("Attempts"): one.attempts,
                _("Provider’s id"): one.provider_id,
            }
            for one in _hers(Message, person).select_related("preparation").order_by("preparation_id", "profile_id")
        ]

    def erase(self, person: Person) -> int:
        """The guard lets a ready preparation's address go for a profile that is being erased, and nothing else."""
        told = ~Q(address="") | ~Q(outcome="") | ~Q(provider_id="")
        _hers(Message, person).filter(told).update(address="", outcome="", provider_id="")
        return self.count(person)


class WithheldHolder(Holder):
    key = "withheld"
    label = gettext_lazy("Marks of running preparations")
    models = (Withheld,)

    def count(self, person: Person) -> int:
        return _hers(Withheld, person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {_("Delivery"): one.preparation.content.get("label", "")}
            for one in _hers(Withheld, person).select_related("preparation")
        ]

    def erase(self, person: Person) -> int:
        deleted, _per_model = _hers(Withheld, person).delete()
        return deleted


class ExcludedAddressHolder(Holder):
    """The list names an address, not a profile: one that another profile has as well stays."""

    key = "excluded_addresses"
    label = gettext_lazy("Excluded addresses")
    models = (ExcludedAddress,)

    def silent(self, person: Person) -> Addresses:
        """The address stays silent without its place on the list."""
        found = _listed(person.addresses).values_list("channel", "address")
        return {(Channel.of(channel), address) for channel, address in found}

    def count(self, person: Person) -> int:
        return _listed(person.own).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {_("Address"): one.address, _("Channel"): one.get_channel_display(), _("Created"): one.created_at}
            for one in _listed(person.addresses).order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        deleted, _per_model = _listed(person.own).delete()
        return deleted


def _listed(addresses: frozenset[tuple[Channel, str]]) -> QuerySet[ExcludedAddress]:
    wanted = [Q(channel=channel, address=address) for channel, address in addresses]
    return ExcludedAddress.objects.filter(Q(*wanted, _connector=Q.OR) if wanted else Q(pk__in=[]))


class TrackingHolder(Holder):
    key = "tracking"
    label = gettext_lazy("Opens and clicks")
    models = (TrackingEvent,)

    def count(self, person: Person) -> int:
        return self._rows(person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Delivery"): one.delivery.label,
                _("Type"): one.get_kind_display(),
                _("Link"): one.link.url if one.link else "",
                _("Date"): one.at,
                _("Automatic"): one.is_automatic,
            }
            for one in self._rows(person).select_related("delivery", "link").order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        deleted, _per_model = self._rows(person).delete()
        return deleted

    def move(self, loser: Profile, winner: Profile) -> None:
        TrackingEvent.objects.filter(profile=loser).update(profile=winner)

    def _rows(self, person: Person) -> QuerySet[TrackingEvent]:
        return TrackingEvent.objects.filter(profile__in=person.ids)


class ProofHolder(Holder):
    """Copies of what she would have received, sent to somebody else, and what was sent to an address that only she has."""

    key = "proofs"
    label = gettext_lazy("Proofs")
    models = (ProofMail,)

    def count(self, person: Person) -> int:
        return self._rows(person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {_("Delivery"): one.proof.delivery.label, _("Requested"): one.proof.created_at, _("Status"): one.get_status_display()}
            for one in self._rows(person).select_related("proof__delivery").order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        deleted, _per_model = self._rows(person).delete()
        return deleted

    def move(self, loser: Profile, winner: Profile) -> None:
        ProofMail.objects.filter(profile=loser).update(profile=winner)

    def _rows(self, person: Person) -> QuerySet[ProofMail]:
        hers = [address for _channel, address in person.own]
        return ProofMail.objects.filter(Q(profile__in=person.ids) | Q(address__in=hers))


def _hers(model: Any, person: Person) -> QuerySet[Any]:
    """By the primary key, which starts with the preparation: an index on the profile alone would double its cost."""
    preparations = list(Preparation.objects.values_list("pk", flat=True))
    return model.objects.filter(preparation__in=preparations, profile__in=person.ids)
