"""What visitors see of a landing page: publish now or at a moment, and unpublish."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from landingpages import changes, publishing, scheduling, usage
from landingpages.builder_state import findings
from landingpages.date_forms import ScheduleForm
from landingpages.editing import EditConflict
from landingpages.local_times import spoken
from landingpages.models import LandingPage, PageStatus, PublishedVersion
from landingpages.views import crumbs, find, frame, shown_revision
from profiles.backoffice import backoffice_view, operator, render


@backoffice_view("landingpages.publish_landingpage")
def publish(request: HttpRequest, page_id: int) -> HttpResponse:
    """The page that says what visitors get to see; its buttons publish what it shows and nothing newer."""
    page = find(page_id)
    if page.is_template:
        messages.warning(request, _("A template is never published: make a page of it first."))
        return redirect("landingpages:build", page.pk)
    form = ScheduleForm(page, request.POST if "schedule" in request.POST else None)
    if form.is_bound and form.is_valid():
        return _schedule(request, page, form)
    if request.method == "POST" and not form.is_bound:
        done = _("“%(label)s” is online.") % {"label": page.label}
        return do(
            request, page, lambda: publishing.publish(page, by=operator(request)), done=done, refused="landingpages:publish"
        )
    return _show(request, page, form)


def _schedule(request: HttpRequest, page: LandingPage, form: ScheduleForm) -> HttpResponseRedirect:
    at, by, here = form.cleaned_data["at"], operator(request), "landingpages:publish"
    told = _("“%(label)s” goes online on %(moment)s.") % {"label": page.label, "moment": spoken(at, page.zone)}
    done = " ".join([told, form.remark]).strip()
    return do(request, page, lambda: scheduling.schedule(page, at=at, by=by), done=done, refused=here, after=here)


def _show(request: HttpRequest, page: LandingPage, form: ScheduleForm) -> HttpResponse:
    content = publishing.snapshot(page)
    checks = publishing.checks(page, content)
    last = PublishedVersion.objects.filter(page=page).first()
    waiting = scheduling.waiting(page)
    context: dict[str, Any] = {
        "form": form,
        "findings": findings(list(page.every_block.all()), get_language(), checks),
        "is_blocked": any(check.level == publishing.Level.ERROR for check in checks),
        "changed": changes.in_words(page.version.content, content, zone=page.zone) if page.version else [],
        "languages": changes.language_names(content["languages"]),
        "is_same": page.status == PageStatus.ONLINE and not publishing.changes_not_published(page),
        "next_number": last.number + 1 if last else 1,
        "expires": spoken(page.expires_at, page.zone) if page.expires_at else "",
        "waiting": waiting,
        "due": spoken(waiting.due_at, page.zone) if waiting else "",
        "newer": changes.in_words(waiting.content, content, zone=page.zone) if waiting else [],
    }
    return _page(request, "publish", page, title=_("Publish"), status=422 if form.errors else 200, **context)


@backoffice_view("landingpages.publish_landingpage")
@require_POST
def unschedule(request: HttpRequest, page_id: int) -> HttpResponseRedirect:
    """Nothing is published by itself any more."""
    page = find(page_id)
    done, refused = _("Nothing is published by itself any more."), "landingpages:publish"
    return do(request, page, lambda: scheduling.unschedule(page), done=done, refused=refused, after=refused)


@backoffice_view("landingpages.publish_landingpage")
@require_POST
def retry(request: HttpRequest, page_id: int) -> HttpResponseRedirect:
    """Try a publication that failed at its moment once more, now."""
    page = find(page_id)
    done = _("“%(label)s” is online.") % {"label": page.label}
    return do(request, page, lambda: scheduling.retry(page), done=done, refused="landingpages:publish")


@backoffice_view("landingpages.publish_landingpage")
def unpublish(request: HttpRequest, page_id: int) -> HttpResponse:
    """Visitors lose the page at once, so it has a page that says what they get instead and what leads here."""
    page = find(page_id)
    if request.method == "POST":
        done = _("“%(label)s” is closed.") % {"label": page.label}
        return do(request, page, lambda: publishing.unpublish(page, by=operator(request)), done=done)
    if page.status != PageStatus.ONLINE:
        messages.warning(request, _("The page is not online."))
        return redirect("landingpages:build", page.pk)
    redirection = page.version.content["settings"]["redirection_url"] if page.version else ""
    waiting = scheduling.waiting(page)
    context: dict[str, Any] = {"redirection": redirection, "uses": usage.uses(page), "waiting": waiting}
    return _page(request, "unpublish", page, title=_("Unpublish"), **context)


def _page(request: HttpRequest, name: str, page: LandingPage, *, title: str, status: int = 200, **context: Any) -> HttpResponse:
    template = f"landingpages/{name}.html"
    return render(request, template, title=title, crumbs=crumbs(page), status=status, **context, **frame(page))


def do(
    request: HttpRequest,
    page: LandingPage,
    verb: Callable[[], object],
    *,
    done: str,
    refused: str = "landingpages:build",
    after: str = "landingpages:build",
) -> HttpResponseRedirect:
    """Call a verb for the revision that the button's page showed; a refusal is told, nothing else happens."""
    page.revision = shown_revision(request)
    try:
        verb()
    except (publishing.InvalidPublication, EditConflict) as refusal:
        messages.error(request, str(refusal))
        return redirect(refused, page.pk)
    messages.success(request, done)
    return redirect(after, page.pk)
