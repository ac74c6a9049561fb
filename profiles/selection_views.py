"""Opting out a selection of profiles: the page that names the number, and the act."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles import consent
from profiles.backoffice import backoffice_view, operator, render
from profiles.channels import OPT_OUT_LABELS
from profiles.consent import Evidence
from profiles.forms import OptOutForm
from profiles.models import Source
from profiles.selection import InvalidSelection, Selection, figures


@backoffice_view("profiles.change_profile")
def opt_out(request: HttpRequest) -> HttpResponse:
    """GET names the numbers for each channel; POST opts out, unless the selection is no longer of the size shown."""
    try:
        selection = Selection.read(request.GET)
        profiles = selection.profiles(request)
    except InvalidSelection as error:
        raise BadRequest(error) from error
    found = figures(profiles)
    form = OptOutForm(request.POST or None)
    moved = form.is_valid() and form.cleaned_data["selected"] != found["selected"]
    if moved or not form.is_valid():
        return _page(request, selection, form, found, moved=moved)
    evidence = Evidence(detail=_("one of %(number)s selected profiles") % {"number": found["selected"]})
    scope = form.cleaned_data["scope"]
    changed = consent.opt_out_set(profiles, scope, source=Source.OPERATOR, by=operator(request), evidence=evidence)
    messages.success(request, _told(scope, changed, found["selected"] - changed))
    return redirect(selection.list_url)


def _page(request: HttpRequest, selection: Selection, form: OptOutForm, found: dict[str, int], *, moved: bool) -> HttpResponse:
    chosen = form.data.get("scope")
    rows: list[dict[str, Any]] = [
        {"scope": scope, "label": label, "already": found[scope], "changes": found["selected"] - found[scope]}
        for scope, label in OPT_OUT_LABELS.items()
    ]
    return render(
        request,
        "profiles/opt_out.html",
        title=_("No longer contact"),
        crumbs=[(_("Profiles"), selection.list_url)],
        form=form,
        rows=rows,
        chosen=chosen,
        selected=found["selected"],
        selection=selection,
        moved=moved,
        status=409 if moved else 200,
    )


def _told(scope: str, changed: int, already: int) -> str:
    """What was done, with the number."""
    done = ngettext("%(number)s profile changed", "%(number)s profiles changed", changed) % {"number": number_format(changed)}
    rest = ngettext("%(number)s was opted out already", "%(number)s were opted out already", already)
    told = [done, rest % {"number": number_format(already)}] if already else [done]
    return _("%(box)s: %(told)s.") % {"box": OPT_OUT_LABELS[scope], "told": ", ".join(told)}
