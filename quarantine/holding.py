"""What the quarantine knows about a person: the records of her addresses."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.channels import Channel
from profiles.holders import Addresses, Holder, Person, Row
from quarantine.models import EXCLUDING, QuarantinedAddress


class QuarantineHolder(Holder):
    """A record belongs to an address, not to a profile: one that another profile has as well stays."""

    key = "quarantine"
    label = gettext_lazy("Records of quarantined addresses")
    models = (QuarantinedAddress,)

    def silent(self, person: Person) -> Addresses:
        """An address that failed or complained stays silent without its record."""
        found = _of(person.addresses).filter(status__in=EXCLUDING).values_list("channel", "address")
        return {(Channel.of(channel), address) for channel, address in found}

    def count(self, person: Person) -> int:
        return _of(person.own).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Address"): one.address,
                _("Channel"): one.get_channel_display(),
                _("Status"): one.get_status_display(),
                _("Error reason"): one.get_reason_display(),
                _("Number of errors"): one.errors,
                _("Error date"): one.error_at,
                _("Error text"): one.error_text,
                _("Created"): one.created_at,
            }
            for one in _of(person.addresses).order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        _entries(person).update(object_repr="–", change_message="")
        deleted, _per_model = _of(person.own).delete()
        return deleted


def _of(addresses: frozenset[tuple[Channel, str]]) -> QuerySet[QuarantinedAddress]:
    wanted = [Q(channel=channel, address=address) for channel, address in addresses]
    return QuarantinedAddress.objects.filter(Q(*wanted, _connector=Q.OR) if wanted else Q(pk__in=[]))


def _entries(person: Person) -> QuerySet[LogEntry]:
    """The back office's history names a record by its address, also one that is deleted since."""
    content_type = ContentType.objects.get_for_model(QuarantinedAddress)
    return LogEntry.objects.filter(content_type=content_type, object_repr__in=[address for _channel, address in person.own])
