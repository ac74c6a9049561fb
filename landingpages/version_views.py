"""The versions of a landing page: who published what and when, two of them compared, and one brought back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from landingpages import changes, publishing
from landingpages.models import LandingPage, PublishedVersion
from landingpages.publication_views import do
from landingpages.views import crumbs, find, frame
from profiles.backoffice import backoffice_view, operator, render
from profiles.paging import Paginator

VERSIONS_PER_PAGE = 20
EDITED = "edited"  # in place of a number: the page as it is edited


@backoffice_view("landingpages.view_landingpage")
def versions(request: HttpRequest, page_id: int) -> HttpResponse:
    """Every publication of a page with what it changed, newest first."""
    page = find(page_id)
    shown = Paginator(page.versions.all(), VERSIONS_PER_PAGE).get_page(request.GET.get("page"))
    listed = list(shown)
    before = [page.versions.filter(number__lt=listed[-1].number).first()] if listed else []
    rows = [
        {"version": version, "changed": changes.in_words(older.content, version.content, zone=page.zone) if older else None}
        for version, older in zip(listed, [*listed[1:], *before], strict=True)
    ]
    context: dict[str, Any] = {"versions": shown, "rows": rows, "can_compare": len(listed) > 1 or page.version}
    return render(request, "landingpages/versions.html", title=_("Versions"), crumbs=crumbs(page), **context, **frame(page))


@backoffice_view("landingpages.view_landingpage")
def compare(request: HttpRequest, page_id: int) -> HttpResponse:
    """What differs between two versions, or a version and the page as it is edited."""
    page = find(page_id)
    numbers = list(page.versions.values_list("number", flat=True))
    choices = [(EDITED, _("As it is edited now")), *((str(one), _("Version %(number)s") % {"number": one}) for one in numbers)]
    names = dict(choices)
    older = _chosen(request.GET.get("from"), names, str(page.version.number) if page.version else EDITED)
    newer = _chosen(request.GET.get("to"), names, EDITED)
    old, new = _content(page, older), _content(page, newer)
    context: dict[str, Any] = {
        "choices": choices,
        "older": older,
        "newer": newer,
        "told": changes.in_detail(old, new, zone=page.zone),
    }
    return render(request, "landingpages/compare.html", title=_("Compare"), crumbs=crumbs(page), **context, **frame(page))


@backoffice_view("landingpages.change_landingpage")
@require_POST
def restore(request: HttpRequest, page_id: int, number: int) -> HttpResponse:
    """Bring a version back into the builder; visitors go on seeing what is online."""
    page = find(page_id)
    version = get_object_or_404(PublishedVersion, page=page, number=number)
    done = _("Version %(number)s is back in the builder. Publish it for visitors to see it.") % {"number": number}
    return do(request, page, lambda: publishing.restore(page, version, by=operator(request)), done=done)


def _chosen(wanted: str | None, names: dict[str, str], otherwise: str) -> str:
    return wanted if wanted in names else otherwise


def _content(page: LandingPage, name: str) -> dict[str, Any]:
    if name == EDITED:
        return publishing.snapshot(page)
    content: dict[str, Any] = page.versions.get(number=int(name)).content
    return content
