"""What audiences may ask about deliveries and addresses: who received what, and what is known about an address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from deliveries.models import Delivery, Message, TrackingEvent, TrackingKind
from deliveries.statuses import CONFIRMED, MessageStatus
from profiles.audience_fields import CONTACT
from profiles.audience_operators import LIST_PHRASE, LONGEST_DAYS
from profiles.audience_values import Choices, Days, Entry, OneOf, is_text
from profiles.audiences import Field, Moment, Operator, among, register
from profiles.channels import Channel
from profiles.models import ProfileAlias
from quarantine.models import QuarantinedAddress, Status

DELIVERIES = _("Deliveries")
NO_RECORD = "no_record"
MOST_ENTRIES = 200  # deliveries to choose from


def _deliveries(named: list[int]) -> Choices:
    """The newest that sent anything, and a named one whatever its age."""
    confirmed = Delivery.objects.filter(confirmed_at__isnull=False)
    newest = dict(confirmed.order_by("-confirmed_at").values_list("pk", "label")[:MOST_ENTRIES])
    return list((newest | dict(Delivery.objects.filter(pk__in=named).values_list("pk", "label"))).items())


DELIVERY = Entry(_("Delivery"), _deliveries, _("a deleted delivery"))
DAYS = Days(LONGEST_DAYS)


def received(delivery: int) -> Q:
    """Who was sent the delivery: the messages of its preparation, a range of the primary key."""
    preparation = Subquery(Delivery.objects.filter(pk=delivery).values("preparation"))
    messages = Message.objects.filter(preparation=preparation, status=MessageStatus.SENT)
    return among(messages, column="profile", is_unique=True) | _merged_since(messages)


def received_any(days: int, moment: Moment) -> Q:
    """Who was sent anything in the last days: only deliveries that were still being sent since then are looked through."""
    messages = _sent_since(moment.at - timedelta(days=days))
    return among(messages, column="profile") | _merged_since(messages)


def _merged_since(messages: QuerySet[Message]) -> Q:
    """Who got one of them as a profile that was merged into hers: a message keeps its id. Asks nothing where nobody did."""
    merged = ProfileAlias.objects.filter(Exists(messages.filter(profile=OuterRef("former_id"))))
    return among(merged, column="winner") if merged.exists() else Q()


def _sent_since(since: Any) -> QuerySet[Message]:
    late = Q(finished_at__isnull=True) | Q(finished_at__gte=since)
    under_way = Delivery.objects.filter(late, status__in=CONFIRMED, preparation__isnull=False).values("preparation")
    return Message.objects.filter(preparation__in=under_way, status=MessageStatus.SENT, ended_at__gte=since)


def pair(name: str, about: Callable[[Any, Moment], Q], value: Any, labels: tuple[Any, Any], phrases: tuple[Any, Any]) -> Any:
    """An operator, and "not_" before its name for its complement."""
    return {
        name: Operator(labels[0], value, about, phrases[0]),
        f"not_{name}": Operator(labels[1], value, lambda value, moment: ~about(value, moment), phrases[1]),
    }


def delivery_operators() -> dict[str, Operator]:
    return {
        **pair(
            "received",
            lambda value, moment: received(value),
            DELIVERY,
            (_("received"), _("did not receive")),
            (_("received “%(value)s”"), _("did not receive “%(value)s”")),
        ),
        **pair(
            "received_any",
            received_any,
            DAYS,
            (_("received anything in the last … days"), _("received nothing in the last … days")),
            (_("received a delivery in the last %(value)s"), _("received no delivery in the last %(value)s")),
        ),
        **tracking_operators(),
    }


def tracking_operators() -> dict[str, Operator]:
    """Opened and clicked, as far as a person did it: what was automatic says nothing about her."""
    return {
        **pair(
            "opened",
            lambda value, moment: _did(TrackingKind.OPEN, delivery=value),
            DELIVERY,
            (_("opened"), _("did not open")),
            (_("opened “%(value)s”"), _("did not open “%(value)s”")),
        ),
        **pair(
            "clicked",
            lambda value, moment: _did(TrackingKind.CLICK, delivery=value),
            DELIVERY,
            (_("clicked a link of"), _("did not click a link of")),
            (_("clicked a link of “%(value)s”"), _("did not click a link of “%(value)s”")),
        ),
        **pair(
            "opened_any",
            lambda value, moment: _did(TrackingKind.OPEN, at__gte=moment.at - timedelta(days=value)),
            DAYS,
            (_("opened anything in the last … days"), _("opened nothing in the last … days")),
            (_("opened a delivery in the last %(value)s"), _("opened no delivery in the last %(value)s")),
        ),
        **pair(
            "clicked_any",
            lambda value, moment: _did(TrackingKind.CLICK, at__gte=moment.at - timedelta(days=value)),
            DAYS,
            (_("clicked anything in the last … days"), _("clicked nothing in the last … days")),
            (_("clicked a link in the last %(value)s"), _("clicked no link in the last %(value)s")),
        ),
    }


def _did(kind: TrackingKind, **limits: Any) -> Q:
    return among(TrackingEvent.objects.filter(kind=kind, is_automatic=False, **limits), column="profile")


def _address_operators(channel: Channel) -> dict[str, Operator]:
    """The status of the profile's address in the quarantine; most addresses have no record there."""

    def among_statuses(statuses: list[str], moment: Moment) -> Q:
        records = QuarantinedAddress.objects.filter(channel=channel)
        found = among(records.filter(status__in=statuses), column="address", profile=channel.address_field)
        return found | ~among(records, column="address", profile=channel.address_field) if NO_RECORD in statuses else found

    value = OneOf(lambda: [(NO_RECORD, _("no record")), *Status.choices], is_text)
    return pair(
        "in",
        among_statuses,
        value,
        (_("is one of"), _("is none of")),
        (LIST_PHRASE, _("%(field)s: anything but %(value)s")),
    )


def install() -> None:
    """Called once, when the apps are ready."""
    register(
        Field("delivery", _("Delivery"), delivery_operators(), DELIVERIES),
        Field("email_status", _("Status of the email address"), _address_operators(Channel.EMAIL), CONTACT),
        Field("mobile_status", _("Status of the mobile number"), _address_operators(Channel.SMS), CONTACT),
    )
