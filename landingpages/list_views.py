"""The back office's list of landing pages, and where one of them is used."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from landingpages import centre, submission_figures, usage
from landingpages.listing import Filter, FilterForm
from landingpages.views import PER_PAGE, crumbs, find, frame, with_head
from profiles import brands
from profiles.backoffice import backoffice_view, render
from profiles.paging import Paginator


@backoffice_view("landingpages.view_landingpage")
def page_list(request: HttpRequest) -> HttpResponse:
    """The landing pages that the filter asks for, newest first."""
    form = FilterForm(request.GET)
    wanted = Filter.of(form)
    page = Paginator(with_head(wanted.apply()), PER_PAGE).get_page(request.GET.get("page"))
    default, figures = brands.Default(), submission_figures.summaries(page)
    rows = [frame(one, default) | {"figures": figures[one.pk]} for one in page]
    context: dict[str, Any] = {"page": page, "rows": rows, "form": form, "is_filtered": wanted.is_active, "centre": centre.find()}
    return render(request, "landingpages/list.html", title=_("Landing pages"), **context)


@backoffice_view("landingpages.view_landingpage")
def uses(request: HttpRequest, page_id: int) -> HttpResponse:
    """Everything that leads to a page, with numbers."""
    page = find(page_id)
    found = usage.uses(page)
    return render(request, "landingpages/uses.html", title=_("Where it is used"), crumbs=crumbs(page), uses=found, **frame(page))
