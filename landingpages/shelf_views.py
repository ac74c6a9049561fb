"""Pages that nobody needs any more: delete, archive, bring back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from landingpages import shelving, usage
from landingpages.publishing import InvalidPublication
from landingpages.views import crumbs, find, frame
from profiles.backoffice import backoffice_view, operator, render


@backoffice_view("landingpages.delete_landingpage")
def delete(request: HttpRequest, page_id: int) -> HttpResponse:
    """The page that says what is lost; its button deletes for good."""
    page = find(page_id)
    if request.method == "POST":
        try:
            shelving.delete(page)
        except InvalidPublication as refusal:
            messages.error(request, str(refusal))
            return redirect("landingpages:delete", page.pk)
        messages.success(request, _("“%(label)s” is deleted.") % {"label": page.label})
        return redirect("landingpages:templates" if page.is_template else "landingpages:list")
    context: dict[str, Any] = {"uses": usage.uses(page), "blocks": len(page.every_block.all())} | frame(page)
    return render(request, "landingpages/delete.html", title=_("Delete"), crumbs=crumbs(page), **context)


@backoffice_view("landingpages.change_landingpage")
@require_POST
def archive(request: HttpRequest, page_id: int) -> HttpResponseRedirect:
    """Out of the list, to be brought back whenever somebody wants."""
    page = find(page_id)
    try:
        shelving.archive(page, by=operator(request))
    except InvalidPublication as refusal:
        messages.error(request, str(refusal))
        return redirect("landingpages:properties", page.pk)
    messages.success(
        request, _("“%(label)s” is archived: the list shows it under the status “Archived”.") % {"label": page.label}
    )
    return redirect("landingpages:list")


@backoffice_view("landingpages.change_landingpage")
@require_POST
def bring_back(request: HttpRequest, page_id: int) -> HttpResponseRedirect:
    """In the list again, closed."""
    page = find(page_id)
    try:
        shelving.bring_back(page)
    except InvalidPublication as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("“%(label)s” is in the list again.") % {"label": page.label})
    return redirect("landingpages:build", page.pk)
