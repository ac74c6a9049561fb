"""Releasing or quarantining a selection of addresses: the page that names the numbers, and the act."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from profiles.backoffice import operator, render
from quarantine import counting
from quarantine.forms import ConfirmForm
from quarantine.models import QuarantinedAddressQuerySet, Status


@dataclass(frozen=True)
class SetAct:
    """What an operator can do with many addresses at once; `sources` are the statuses that it changes."""

    verb: Callable[..., int]
    sources: tuple[Status, ...]
    title: Any
    effect: Any
    button: Callable[[int], str]
    done: Callable[[int], str]


SET_ACTS = {
    "release": SetAct(
        counting.release_set,
        counting.RELEASED_TOGETHER,
        gettext_lazy("Release addresses"),
        gettext_lazy(
            "Deliveries use released addresses again, and their errors are counted anew. Addresses on the blocklist stay "
            "there: those people complained or answered STOP, and each is released by itself."
        ),
        lambda number: ngettext("Release %(number)s address", "Release %(number)s addresses", number),
        lambda number: ngettext("%(number)s address was released.", "%(number)s addresses were released.", number),
    ),
    "quarantine": SetAct(
        counting.quarantine_set,
        counting.OPERATOR_SOURCES[Status.QUARANTINE],
        gettext_lazy("Quarantine addresses"),
        gettext_lazy("No delivery uses quarantined addresses, whichever profile has them, until an operator releases them."),
        lambda number: ngettext("Quarantine %(number)s address", "Quarantine %(number)s addresses", number),
        lambda number: ngettext("%(number)s address was quarantined.", "%(number)s addresses were quarantined.", number),
    ),
}


def act(request: HttpRequest, name: str, records: QuarantinedAddressQuerySet) -> HttpResponse:
    """The first POST, from the list, names the numbers; the second acts, unless the number has changed meanwhile."""
    chosen = SET_ACTS[name]
    volumes = dict(records.order_by().values_list("status").annotate(Count("pk")))
    number = sum(volumes.get(status, 0) for status in chosen.sources)
    form = ConfirmForm(request.POST if "number" in request.POST else None)
    if form.is_valid() and form.cleaned_data["number"] == number:
        changed = chosen.verb(records, by=operator(request))
        messages.success(request, chosen.done(changed) % {"number": number_format(changed)})
        return redirect(request.get_full_path())
    rows = [(status, volumes[status], status in chosen.sources) for status in Status if status in volumes]
    return render(
        request,
        "quarantine/selection.html",
        title=chosen.title,
        crumbs=[(_("Quarantine"), request.get_full_path())],
        act=chosen,
        button=chosen.button(number) % {"number": number_format(number)},
        number=number,
        rows=rows,
        moved=form.is_bound,
        kept=_kept(request),
        list_url=request.get_full_path(),
        status=409 if form.is_bound else 200,
    )


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the list's own form that make it select the same addresses again."""
    ids = [(ACTION_CHECKBOX_NAME, value) for value in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    return [(name, request.POST.get(name, "")) for name in ("action", "select_across")] + ids
