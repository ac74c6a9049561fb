"""Subscribing or unsubscribing everybody on a list: the page that names the numbers, and the act."""

import hashlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles.backoffice import backoffice_view, operator
from profiles.models import Service
from profiles.pasting import ListTooLong
from profiles.service_forms import ListForm
from profiles.service_views import page
from profiles.servicelists import ListResult, subscribe_listed, unsubscribe_listed
from profiles.subscriptions import ServiceClosed

BAD_LINES_SHOWN = 100
VERBS = {"subscribe": subscribe_listed, "unsubscribe": unsubscribe_listed}
PERMISSIONS = {"subscribe": "profiles.add_subscription", "unsubscribe": "profiles.delete_subscription"}


@backoffice_view("profiles.view_subscription")
def subscribe_list(request: HttpRequest, service_id: int) -> HttpResponse:
    """The first POST shows what would happen and changes nothing; the second, for the very same list and number, does it."""
    service = get_object_or_404(Service, pk=service_id)
    form = ListForm(request.POST or None, request.FILES or None, initial={"act": "subscribe"})
    outcome = _look_or_run(form, service, operator(request), dry=True) if form.is_valid() else None
    if outcome is None:
        return _page(request, service, form)
    if request.POST.get("confirmed") != _seal(form, outcome):
        return _page(request, service, form, outcome)
    done = _look_or_run(form, service, operator(request), dry=False)
    if done is not None:
        messages.success(request, _told(form.cleaned_data["act"], done))
    return redirect("profiles:service_list", service.pk)


def _look_or_run(form: ListForm, service: Service, by: AbstractUser, *, dry: bool) -> ListResult | None:
    """What the list would do, or does; None with the reason at the field where it cannot."""
    said = form.cleaned_data
    if not by.has_perm(PERMISSIONS[said["act"]]):
        raise PermissionDenied
    try:
        return VERBS[said["act"]](said["text"], service, by=by, note=said["note"], dry=dry)
    except ListTooLong as refusal:
        form.add_error("text", str(refusal))
    except ServiceClosed as refusal:
        form.add_error("act", str(refusal))
    return None


def _seal(form: ListForm, outcome: ListResult) -> str:
    """Tells whether what is confirmed is what was looked at, with the number that was named."""
    said = "\0".join(form.cleaned_data[name].replace("\r\n", "\n") for name in ("act", "note", "text"))
    return f"{hashlib.sha256(said.encode()).hexdigest()} {outcome.changed}"


def _page(request: HttpRequest, service: Service, form: ListForm, outcome: ListResult | None = None) -> HttpResponse:
    context: dict[str, Any] = {}
    if outcome:
        act = form.cleaned_data["act"]
        context = {
            "outcome": outcome,
            "figures": _figures(act, outcome),
            "bad_lines": outcome.bad_lines[:BAD_LINES_SHOWN],
            "confirmed": _seal(form, outcome),
            "button": _button(act, outcome.changed),
            "moved": "confirmed" in request.POST,
        }
        # A file cannot be sent a second time by the page: what was read from it stands in the field from now on.
        form.data = {**form.data.dict(), "text": form.cleaned_data["text"]}  # type: ignore[attr-defined]
    status = 422 if form.errors else 409 if context.get("moved") else 200
    return page(request, "profiles/service_list.html", service, "list", status=status, form=form, **context)


def _figures(act: str, outcome: ListResult) -> list[tuple[str, int]]:
    """What the list does, in labelled numbers; the last one is what changes."""
    subscribing = act == "subscribe"
    return [
        (_("Different addresses on the list"), outcome.addresses),
        (_("Addresses that nobody has"), outcome.not_found),
        (_("Profiles found"), outcome.profiles),
        (
            _("Subscribed already") if subscribing else _("Not subscribed"),
            outcome.profiles - outcome.changed,
        ),
        (_("To be subscribed") if subscribing else _("To be unsubscribed"), outcome.changed),
    ]


def _button(act: str, number: int) -> str:
    words = (
        ngettext("Subscribe %(number)s profile", "Subscribe %(number)s profiles", number)
        if act == "subscribe"
        else ngettext("Unsubscribe %(number)s profile", "Unsubscribe %(number)s profiles", number)
    )
    return words % {"number": number_format(number, force_grouping=True)}


def _told(act: str, outcome: ListResult) -> str:
    number = outcome.changed
    words = (
        ngettext("%(number)s profile was subscribed.", "%(number)s profiles were subscribed.", number)
        if act == "subscribe"
        else ngettext("%(number)s profile was unsubscribed.", "%(number)s profiles were unsubscribed.", number)
    )
    return words % {"number": number_format(number, force_grouping=True)}
