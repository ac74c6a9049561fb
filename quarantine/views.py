"""The pages of one quarantined address: add it, look at it, act on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from profiles.backoffice import backoffice_view, operator, render, typed
from profiles.channels import Channel
from quarantine import counting
from quarantine.forms import AddressForm
from quarantine.models import QuarantinedAddress, Reason, Status


@dataclass(frozen=True)
class Act:
    """What an operator can do with one address, and what the page says about it."""

    verb: Callable[..., bool]
    target: Status
    label: Any
    done: Any

    def is_possible(self, record: QuarantinedAddress) -> bool:
        return record.status in counting.OPERATOR_SOURCES[self.target]


ACTS = {
    "release": Act(
        counting.release,
        Status.VALID,
        gettext_lazy("Release"),
        gettext_lazy("%(address)s is released: deliveries use it again."),
    ),
    "quarantine": Act(
        counting.quarantine,
        Status.QUARANTINE,
        pgettext_lazy("act", "Quarantine"),
        gettext_lazy("%(address)s is quarantined: no delivery uses it any more."),
    ),
    "allow": Act(
        counting.allow,
        Status.ALLOWLIST,
        gettext_lazy("Allow always"),
        gettext_lazy("%(address)s is on the allowlist: deliveries use it and its errors do not count."),
    ),
}
EFFECTS = {
    Status.UNKNOWN: gettext_lazy("Nothing is known about this address. Deliveries use it."),
    Status.ERRONEOUS: gettext_lazy("Deliveries still use this address while its errors are counted."),
    Status.VALID: gettext_lazy("Deliveries use this address."),
    Status.BLOCKLIST: gettext_lazy(
        "No delivery uses this address, whichever profile has it: the person complained or answered STOP. "
        "Release it only if she asks for it."
    ),
    Status.QUARANTINE: gettext_lazy("No delivery uses this address, whichever profile has it, until an operator releases it."),
    Status.ALLOWLIST: gettext_lazy("Deliveries use this address, and its errors do not count."),
}


def crumbs(request: HttpRequest) -> list[tuple[str, str]]:
    """Back to the list as the operator left it."""
    url = reverse("admin:quarantine_quarantinedaddress_changelist")
    filters = request.GET.get("_changelist_filters", "")
    return [(_("Quarantine"), f"{url}?{filters}" if filters else url)]


@backoffice_view("quarantine.add_quarantinedaddress")
def add(request: HttpRequest) -> HttpResponse:
    """GET may name channel and address, as the link on a profile does; POST creates the record or says which exists."""
    shown = {name: request.GET[name] for name in ("channel", "address") if name in request.GET}
    form = AddressForm(request.POST) if request.method == "POST" else AddressForm(initial=shown)
    if form.is_valid():
        values = form.cleaned_data
        record, created = counting.add(
            Channel.of(values["channel"]),
            values["address"],
            status=Status(values["status"]),
            reason=Reason(values["reason"]),
            text=values["error_text"],
            by=operator(request),
        )
        url = reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk])
        if created:
            messages.success(request, _("%(address)s was added.") % {"address": record})
            return redirect(url)
        form.refuse(record, url)
    return render(request, "quarantine/add.html", title=_("Add an address"), crumbs=crumbs(request), form=form)


@backoffice_view("quarantine.view_quarantinedaddress")
def show(request: HttpRequest, record_id: int) -> HttpResponse:
    record = get_object_or_404(QuarantinedAddress, pk=record_id)
    return render(
        request,
        "quarantine/address.html",
        title=record.address,
        crumbs=crumbs(request),
        record=record,
        effect=EFFECTS[Status(record.status)],
        errors=_count(record),
        acts=[(name, act) for name, act in ACTS.items() if act.is_possible(record)],
    )


def _count(record: QuarantinedAddress) -> str:
    """How far an erroneous address is from quarantine."""
    if record.status != Status.ERRONEOUS:
        return ""
    limit = settings.QUARANTINE_ERRORS
    return ngettext("%(errors)s of %(limit)s error", "%(errors)s of %(limit)s errors", limit) % {
        "errors": record.errors,
        "limit": limit,
    }


@backoffice_view("quarantine.change_quarantinedaddress")
@require_POST
def act(request: HttpRequest, record_id: int, name: str) -> HttpResponse:
    """Release, quarantine or allow one address; where it is not possible any more, nothing happens and it is said."""
    if name not in ACTS:
        raise Http404
    record = get_object_or_404(QuarantinedAddress, pk=record_id)
    if ACTS[name].verb(record, by=operator(request)):
        messages.success(request, ACTS[name].done % {"address": record})
    else:
        sentence = _("Nothing was changed: the status of %(address)s is “%(status)s”.")
        messages.warning(request, sentence % {"address": record, "status": record.get_status_display()})
    return redirect("admin:quarantine_quarantinedaddress_change", record.pk)


@backoffice_view("quarantine.view_quarantinedaddress")
def status(request: HttpRequest) -> HttpResponse:
    """What is known about one address: a fragment for pages that show it."""
    channel, address = typed(request, "channel"), typed(request, "address")
    record = QuarantinedAddress.objects.filter(channel=channel, address=address).first()
    return render(request, "quarantine/status.html", title=_("Address"), record=record)
