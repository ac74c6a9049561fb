"""What visitors see of a landing page: publish, unpublish, and the versions so far."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from landingpages import changes, publishing
from landingpages.builder_state import findings
from landingpages.editing import EditConflict
from landingpages.models import LandingPage, PageStatus, PublishedVersion
from landingpages.views import PER_PAGE, crumbs, find, frame, shown_revision
from profiles.backoffice import backoffice_view, operator, render
from profiles.paging import Paginator


@backoffice_view("landingpages.publish_landingpage")
def publish(request: HttpRequest, page_id: int) -> HttpResponse:
    """The page that says what visitors get to see; its button publishes what it shows and nothing newer."""
    page = find(page_id)
    if request.method == "POST":
        done = _("“%(label)s” is online.") % {"label": page.label}
        return _do(
            request, page, lambda: publishing.publish(page, by=operator(request)), done=done, refused="landingpages:publish"
        )
    content = publishing.snapshot(page)
    checks = publishing.checks(page)
    last = PublishedVersion.objects.filter(page=page).first()
    context = {
        "findings": findings(list(page.every_block.all()), get_language(), checks),
        "is_blocked": any(check.level == publishing.Level.ERROR for check in checks),
        "changed": changes.in_words(page.version.content, content) if page.version else [],
        "languages": changes.language_names(content["languages"]),
        "is_same": page.status == PageStatus.ONLINE and not publishing.changes_not_published(page),
        "next_number": last.number + 1 if last else 1,
        "is_online": page.status == PageStatus.ONLINE,
    }
    return _page(request, "publish", page, title=_("Publish"), **context)


@backoffice_view("landingpages.publish_landingpage")
def unpublish(request: HttpRequest, page_id: int) -> HttpResponse:
    """Visitors lose the page at once, so it has a page that says what they get instead."""
    page = find(page_id)
    if request.method == "POST":
        done = _("“%(label)s” is closed.") % {"label": page.label}
        return _do(request, page, lambda: publishing.unpublish(page, by=operator(request)), done=done)
    if page.status != PageStatus.ONLINE:
        messages.warning(request, _("The page is not online."))
        return redirect("landingpages:build", page.pk)
    redirection = page.version.content["settings"]["redirection_url"] if page.version else ""
    return _page(request, "unpublish", page, title=_("Unpublish"), redirection=redirection)


@backoffice_view("landingpages.view_landingpage")
def versions(request: HttpRequest, page_id: int) -> HttpResponse:
    """Every publication of a page, newest first."""
    page = find(page_id)
    rows = page.versions.defer("content")
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return _page(request, "versions", page, title=_("Versions"), versions=shown)


@backoffice_view("landingpages.change_landingpage")
@require_POST
def restore(request: HttpRequest, page_id: int, number: int) -> HttpResponse:
    """Bring a version back into the builder; visitors go on seeing what is online."""
    page = find(page_id)
    version = get_object_or_404(PublishedVersion, page=page, number=number)
    done = _("Version %(number)s is back in the builder. Publish it for visitors to see it.") % {"number": number}
    return _do(request, page, lambda: publishing.restore(page, version, by=operator(request)), done=done)


def _page(request: HttpRequest, name: str, page: LandingPage, *, title: str, **context: Any) -> HttpResponse:
    template = f"landingpages/{name}.html"
    return render(request, template, title=title, crumbs=crumbs(page), **context, **frame(page))


def _do(
    request: HttpRequest, page: LandingPage, verb: Callable[[], object], *, done: str, refused: str = "landingpages:build"
) -> HttpResponseRedirect:
    """Call a verb for the revision that the button's page showed; a refusal is told, nothing else happens."""
    page.revision = shown_revision(request)
    try:
        verb()
    except (publishing.InvalidPublication, EditConflict) as refusal:
        messages.error(request, str(refusal))
        return redirect(refused, page.pk)
    messages.success(request, done)
    return redirect("landingpages:build", page.pk)
