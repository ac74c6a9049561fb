"""What profiles itself holds about a person."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Field, Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles import customfields, history, regions
from profiles.channels import Channel
from profiles.holders import Addresses, Holder, Person, Row
from profiles.models import AudienceMember, ConsentEvent, Notice, NoticeKind, PendingChange, Profile, ProfileAlias, Subscription

NAMES = {"country": regions.country_name, "preferred_language": regions.language_name}
# Follow from other columns, or count what happened.
NOT_EXPORTED = {"first_name_folded", "last_name_folded", "email_domain", "custom", "revision"}


class ProfileHolder(Holder):
    key = "profile"
    label = gettext_lazy("Profile")
    models = (Profile, ProfileAlias)

    def addresses(self, person: Person) -> Addresses:
        return {(channel, getattr(person.profile, channel.address_field)) for channel in Channel.addressed()}

    def count(self, person: Person) -> int:
        return len(person.ids)

    def export(self, person: Person) -> list[Row]:
        """Every field, empty ones too: what is not stored is part of the answer."""
        fields = [field for field in Profile._meta.concrete_fields if field.name not in NOT_EXPORTED]
        row = {label(field): value(person.profile, field) for field in fields}
        row |= {one.label: customfields.in_words(one, person.profile.custom.get(one.key)) for one in customfields.definitions()}
        if len(person.ids) > 1:
            row[_("Ids of the profiles that were merged into it")] = list(person.ids[1:])
        return [row]

    def erase(self, person: Person) -> int:
        Profile.objects.filter(pk=person.profile.pk).delete()
        return len(person.ids)


class SubscriptionHolder(Holder):
    """A merge unites subscriptions by itself (profiles.merging), because the ledger has to say so."""

    key = "subscriptions"
    label = gettext_lazy("Subscriptions")
    models = (Subscription,)

    def count(self, person: Person) -> int:
        return _hers(Subscription, person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {_("Service"): one.service.public_label, _("Since"): one.created_at, _("Expires"): one.expires_at}
            for one in _hers(Subscription, person).select_related("service").order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        return _deleted(_hers(Subscription, person))


class LedgerHolder(Holder):
    """Append-only: merged events stay under the id that they were written for."""

    key = "consent"
    label = gettext_lazy("Consent history")
    models = (ConsentEvent,)

    def count(self, person: Person) -> int:
        return _hers(ConsentEvent, person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Moment"): event.at,
                _("Choice"): event.choice_label,
                _("Change"): history.change(event),
                _("Source"): event.get_source_display(),
                _("By"): history.who(event),
                _("Where"): history.where(event),
                _("Wording shown"): event.wording,
                _("Network"): event.ip,
            }
            for event in _hers(ConsentEvent, person).order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        return _deleted(_hers(ConsentEvent, person))


class PendingHolder(Holder):
    key = "pending"
    label = gettext_lazy("Changes waiting for a confirmation")
    models = (PendingChange,)

    def addresses(self, person: Person) -> Addresses:
        """Those that were hers; one that somebody typed and nobody confirmed may be anybody's."""
        changes = PendingChange.objects.filter(profile__in=person.ids)
        return {(Channel.EMAIL, one.address) for one in changes if one.applied_at or one.fields.get("email") != one.address}

    def count(self, person: Person) -> int:
        return _hers(PendingChange, person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Asked"): one.created_at,
                _("Address asked"): one.address,
                _("Fields"): one.fields,
                _("Choices"): one.choices,
                _("Services"): one.services,
                _("Evidence"): one.evidence,
                _("Applied"): one.applied_at,
            }
            for one in _hers(PendingChange, person).order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        return _deleted(_hers(PendingChange, person))

    def move(self, loser: Profile, winner: Profile) -> None:
        PendingChange.objects.filter(profile=loser).update(profile=winner)


class NoticeHolder(Holder):
    key = "notices"
    label = gettext_lazy("Confirmation mails and links")
    models = (Notice,)

    def addresses(self, person: Person) -> Addresses:
        sent = Notice.objects.filter(profile__in=person.ids).exclude(kind=NoticeKind.CONFIRM_ADDRESS)
        return {(Channel.of(channel), address) for channel, address in sent.values_list("channel", "address")}

    def count(self, person: Person) -> int:
        return self._rows(person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {
                _("Asked"): one.created_at,
                _("Kind"): one.get_kind_display(),
                _("Address"): one.address,
                _("Status"): one.get_status_display(),
                _("Reason"): one.reason,
                _("Tried"): one.tried_at,
            }
            for one in self._rows(person).order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        return _deleted(self._rows(person))

    def move(self, loser: Profile, winner: Profile) -> None:
        Notice.objects.filter(profile=loser).update(profile=winner)

    def _rows(self, person: Person) -> QuerySet[Notice]:
        nobodys = Q(profile=None, address__in=[address for _channel, address in person.own])
        return Notice.objects.filter(Q(profile__in=person.ids) | nobodys)


class OperatorLogHolder(Holder):
    """What operators did to the profile: that they did it stays, what it says about the person goes."""

    key = "operator_log"
    label = gettext_lazy("History of operators' changes")
    models = (LogEntry,)
    on_erasure = gettext_lazy("emptied: who acted when stays, without a name")

    def count(self, person: Person) -> int:
        return entries(person.ids).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {_("Moment"): one.action_time, _("By"): str(one.user), _("Change"): one.get_change_message()}
            for one in entries(person.ids).select_related("user").order_by("pk")
        ]

    def erase(self, person: Person) -> int:
        return sum(blank(entries([pk]), f"#{pk}") for pk in person.ids)

    def move(self, loser: Profile, winner: Profile) -> None:
        entries([loser.pk]).update(object_id=str(winner.pk))


class MembershipHolder(Holder):
    key = "lists"
    label = gettext_lazy("Lists that were kept of an audience")
    models = (AudienceMember,)

    def count(self, person: Person) -> int:
        return _hers(AudienceMember, person).count()

    def export(self, person: Person) -> list[Row]:
        return [
            {_("List"): str(one.audience)}
            for one in _hers(AudienceMember, person).select_related("audience").order_by("audience_id", "profile_id")
        ]

    def erase(self, person: Person) -> int:
        number = self.count(person)
        _hers(AudienceMember, person)._raw_delete(DEFAULT_DB_ALIAS)
        return number

    def move(self, loser: Profile, winner: Profile) -> None:
        """The winner takes the loser's place on every list that she is not on."""
        already = list(AudienceMember.objects.filter(profile=winner).values_list("audience", flat=True))
        AudienceMember.objects.filter(profile=loser).exclude(audience__in=already).update(profile=winner)
        AudienceMember.objects.filter(profile=loser)._raw_delete(DEFAULT_DB_ALIAS)


HOLDERS = [
    ProfileHolder(),
    SubscriptionHolder(),
    LedgerHolder(),
    PendingHolder(),
    NoticeHolder(),
    OperatorLogHolder(),
    MembershipHolder(),
]


def entries(ids: list[int] | tuple[int, ...]) -> QuerySet[LogEntry]:
    """The history of these profiles in the back office."""
    content_type = ContentType.objects.get_for_model(Profile)
    return LogEntry.objects.filter(content_type=content_type, object_id__in=[str(pk) for pk in ids])


def blank(found: QuerySet[LogEntry], name: str) -> int:
    """Take the name and the words out of entries of the back office's history; who acted when stays."""
    return found.update(object_repr=name, change_message="")


def label(field: "Field[Any, Any]") -> str:
    return capfirst(str(field.verbose_name))


def value(row: Any, field: "Field[Any, Any]") -> Any:
    """A column's value; that of a choice in words."""
    if field.name in NAMES:
        code = getattr(row, field.name)
        return f"{NAMES[field.name](code)} ({code})" if code else ""
    shown = getattr(row, f"get_{field.name}_display", None)
    stored = shown() if shown else getattr(row, field.attname)
    is_plain = stored is None or isinstance(stored, bool | int | float) or hasattr(stored, "isoformat")
    return stored if is_plain else str(stored)


def _hers(model: Any, person: Person) -> QuerySet[Any]:
    return model.objects.filter(profile__in=person.ids)


def _deleted(rows: QuerySet[Any]) -> int:
    _all, per_model = rows.delete()
    return per_model.get(rows.model._meta.label, 0)
