"""Which deliveries lead to a landing page: those that are written, and those whose messages have left."""

from collections.abc import Iterator

from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deliveries.models import Batch, Delivery
from deliveries.pagelinks import PAGE_TYPES
from deliveries.statuses import CONFIRMED
from landingpages.models import LandingPage
from landingpages.usage import SHOWN, Use, Uses


def uses(page: LandingPage) -> Iterator[Uses]:
    """Apart: what may still be changed, and what has gone out and cannot be called back."""
    written = Delivery.objects.filter(_links_to(page)).exclude(status__in=CONFIRMED)
    told = _("They cannot be prepared or confirmed while it is closed.")
    yield _deliveries(written, _("Deliveries"), _told_written(written.count()), told)
    # What was confirmed links to what its preparation has pinned, whatever was edited later.
    sent = Delivery.objects.filter(_pinned(page), status__in=CONFIRMED)
    messages = Batch.objects.filter(preparation__in=sent.values("preparation")).aggregate(sum=Sum("sent"))["sum"] or 0
    told = _("Their links lead here for good.")
    yield _deliveries(sent, _("Messages that have left"), _told_sent(messages, sent.count()), told)


def _links_to(page: LandingPage) -> Q:
    found = Q()
    for column in PAGE_TYPES:
        found |= Q(**{column: page})
    return found


def _pinned(page: LandingPage) -> Q:
    found = Q(preparation__content__service_page__id=page.pk)
    for column in PAGE_TYPES:
        found |= Q(**{f"preparation__content__{column}__id": page.pk})
    return found


def _deliveries(found: QuerySet[Delivery], title: str, summary: str, consequence: str) -> Uses:
    first = [
        Use(one.label, reverse("deliveries:show", args=[one.pk]), one.get_status_display())
        for one in found.order_by("-pk")[:SHOWN]
    ]
    return Uses(title, found.count(), summary, first, consequence)


def _told_written(count: int) -> str:
    text = ngettext("%(count)s delivery links here", "%(count)s deliveries link here", count)
    return text % {"count": count}


def _told_sent(messages: int, deliveries: int) -> str:
    text = ngettext("%(messages)s message of %(deliveries)s", "%(messages)s messages of %(deliveries)s", messages)
    named = ngettext("%(count)s delivery", "%(count)s deliveries", deliveries) % {"count": deliveries}
    return text % {"messages": messages, "deliveries": named}
