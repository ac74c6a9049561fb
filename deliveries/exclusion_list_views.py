"""The back office's pages of the lists of excluded addresses and domains: look, paste, remove."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from deliveries import exclusion_lists
from deliveries.exclusion_lists import Added
from deliveries.typology_models import ExcludedAddress, ExcludedDomain
from profiles.backoffice import backoffice_view, operator, render, typed
from profiles.channels import Channel
from profiles.consent import actor
from profiles.fields import prefix
from profiles.paging import Paginator
from profiles.pasting import ListTooLong

ROWS, BAD_LINES_SHOWN = 50, 100


class PasteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Lines to add"),
        strip=False,  # bad lines are named by their number
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("One on a line. If a line cannot be read, none is added."),
    )


class AddressPasteForm(PasteForm):
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), choices=[(channel.value, channel.label) for channel in Channel.addressed()]
    )


@backoffice_view("deliveries.view_excludedaddress")
def addresses(request: HttpRequest) -> HttpResponse:
    """The excluded addresses by their beginning; a POST adds a pasted list."""
    form = AddressPasteForm(request.POST or None)
    added = None
    if request.method == "POST":
        _must(request, "deliveries.add_excludedaddress")
        if form.is_valid():
            channel = Channel.of(form.cleaned_data["channel"])
            added = _add(request, form, lambda by: exclusion_lists.add_addresses(form.cleaned_data["text"], channel, by=by))
            if added and not added.bad_lines:
                return redirect("deliveries:excluded_addresses")
    rows = ExcludedAddress.objects.filter(prefix("address", typed(request, "q").lower()))
    return _page(
        request, form, added, rows, title=_("Excluded addresses"), what="excludedaddress", remove="excluded_address_remove"
    )


@backoffice_view("deliveries.view_excludeddomain")
def domains(request: HttpRequest) -> HttpResponse:
    """The excluded domains by their beginning; a POST adds a pasted list."""
    form = PasteForm(request.POST or None)
    added = None
    if request.method == "POST":
        _must(request, "deliveries.add_excludeddomain")
        if form.is_valid():
            added = _add(request, form, lambda by: exclusion_lists.add_domains(form.cleaned_data["text"], by=by))
            if added and not added.bad_lines:
                return redirect("deliveries:excluded_domains")
    rows = ExcludedDomain.objects.filter(prefix("domain", typed(request, "q").lower()))
    return _page(request, form, added, rows, title=_("Excluded domains"), what="excludeddomain", remove="excluded_domain_remove")


def _must(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(_("You may look at this list, but not change it: ask an administrator for the right to do so."))


def _add(request: HttpRequest, form: forms.Form, add: Any) -> Added | None:
    """What became of the list; None, with the reason at the field, where it is too long."""
    try:
        added: Added = add(actor(operator(request)))
    except ListTooLong as error:
        form.add_error("text", str(error))
        return None
    if not added.bad_lines:
        told = ngettext("%(number)s line was added", "%(number)s lines were added", added.added) % {"number": added.added}
        messages.success(request, _("%(added)s, %(known)s were on the list already.") % {"added": told, "known": added.known})
    return added


def _page(request: HttpRequest, form: forms.Form, added: Added | None, rows: Any, **about: str) -> HttpResponse:
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    bad_lines = added.bad_lines if added else []
    context: dict[str, Any] = {"form": form, "page": page, "q": typed(request, "q")}
    context |= {"bad_lines": bad_lines[:BAD_LINES_SHOWN], "bad_line_count": len(bad_lines)}
    context |= {"may_add": request.user.has_perm(f"deliveries.add_{about['what']}")}
    context |= {
        "may_remove": request.user.has_perm(f"deliveries.delete_{about['what']}"),
        "remove": f"deliveries:{about['remove']}",
    }
    status = 422 if form.is_bound else 200
    return render(request, "deliveries/exclusion_list.html", title=about["title"], status=status, **context)


@backoffice_view("deliveries.delete_excludedaddress")
@require_POST
def address_remove(request: HttpRequest, row_id: int) -> HttpResponse:
    return _remove(request, get_object_or_404(ExcludedAddress, pk=row_id), back="deliveries:excluded_addresses")


@backoffice_view("deliveries.delete_excludeddomain")
@require_POST
def domain_remove(request: HttpRequest, row_id: int) -> HttpResponse:
    return _remove(request, get_object_or_404(ExcludedDomain, pk=row_id), back="deliveries:excluded_domains")


def _remove(request: HttpRequest, row: Any, *, back: str) -> HttpResponse:
    shown = str(row)
    row.delete()
    messages.success(request, _("%(what)s is off the list: deliveries use it again.") % {"what": shown})
    return redirect(back)
