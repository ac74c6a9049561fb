"""The home page: what needs somebody, what is under way, what people chose last."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from deliveries.models import Batch, Delivery
from deliveries.statuses import DeliveryStatus
from profiles.backoffice import operator
from profiles.models import ConsentEvent
from quarantine.models import QuarantinedAddress, Status

WAITING = (DeliveryStatus.READY, DeliveryStatus.PAUSED)
UNDER_WAY = (DeliveryStatus.PREPARING, DeliveryStatus.IN_PROGRESS)
SCHEDULED = Q(status=DeliveryStatus.READY, confirmed_at__isnull=False)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Fills admin/index.html; each part only for those who may see its pages."""
    by = operator(request)
    context["title"] = _("Hello, %(name)s") % {"name": by.get_short_name() or by.get_username()}
    if request.user.has_perm("deliveries.view_delivery"):
        context |= _deliveries()
    if request.user.has_perm("profiles.view_consentevent"):
        context["choices"] = ConsentEvent.objects.select_related("profile")[:8]
    if request.user.has_perm("quarantine.view_quarantinedaddress"):
        context["quarantine"] = _quarantine()
    return context


def _deliveries() -> dict[str, Any]:
    open_ones = Delivery.objects.planned().select_related("preparation").order_by("-modified_at")
    week = Delivery.objects.filter(confirmed_at__gte=timezone.now() - timedelta(days=7))
    return {
        "waiting": open_ones.filter(status__in=WAITING).exclude(SCHEDULED)[:8],
        "under_way": open_ones.filter(Q(status__in=UNDER_WAY) | SCHEDULED)[:8],
        "week": Batch.objects.filter(preparation__in=week.values("preparation")).progress(),
        "has_deliveries": Delivery.objects.planned().exists(),
    }


def _quarantine() -> list[tuple[str, str, int]]:
    """(status, label, number) of the statuses that say something about an address."""
    numbers = dict(QuarantinedAddress.objects.order_by().values_list("status").annotate(number=Count("pk")))
    shown = (Status.QUARANTINE, Status.BLOCKLIST, Status.ERRONEOUS)
    return [(status.value, str(status.label), numbers.get(status.value, 0)) for status in shown]
