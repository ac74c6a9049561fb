"""The preference centre in the back office: its texts, its services, its versions, open or closed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from landingpages import centre, editing, memberships
from landingpages.builder_state import State
from landingpages.centre_forms import CentreForm
from landingpages.forms import field_name, form_class
from landingpages.models import BlockKind, LandingPage, PageType, PublishedVersion
from landingpages.views import crumbs, public_url
from profiles import brands
from profiles.backoffice import backoffice_view, operator, render
from profiles.models import Service
from profiles.publicpages import PREVIEW_CSP, respond

VERSIONS = 20  # the newest, on the page


@backoffice_view("landingpages.view_landingpage")
def show(request: HttpRequest) -> HttpResponse:
    """What the centre says and offers; saving its texts shows them to visitors at once."""
    page = centre.find()
    if page is None:
        return render(request, "landingpages/centre_missing.html", title=str(centre.LABEL), crumbs=crumbs())
    form = CentreForm(request.POST or None, texts=page.texts, revision=page.revision)
    if request.method == "POST" and _write(request, page, form):
        messages.success(request, _("Saved. Visitors see it from now on."))
        return redirect("landingpages:centre")
    return render(
        request,
        "landingpages/centre.html",
        title=str(centre.LABEL),
        crumbs=crumbs(),
        status=422 if form.errors else 200,
        page=page,
        url=public_url(page),
        form=form,
        services=Service.objects.order_by("public_label", "pk"),
        versions=PublishedVersion.objects.filter(page=page).defer("content")[:VERSIONS],
        may_change=request.user.has_perm("landingpages.publish_landingpage"),
    )


def _write(request: HttpRequest, page: LandingPage, form: CentreForm) -> bool:
    """Whether the texts are stored; if not, the form says why."""
    if not request.user.has_perm("landingpages.publish_landingpage"):
        form.add_error(None, _("You may not publish: ask an administrator for the right to do so."))
    if not form.is_valid():
        return False
    try:
        centre.write(page, form.texts, by=operator(request), revision=form.cleaned_data["revision"])
    except editing.EditConflict:
        page.refresh_from_db()
        form.keep_for(page.revision)
        form.add_error(None, _("Somebody else changed these texts meanwhile. Save again to put yours in their place."))
    return form.is_valid()


@backoffice_view("landingpages.publish_landingpage")
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Set the centre up, open or close it, or make it the page that new deliveries link to."""
    by, name = operator(request), request.POST.get("act", "")
    if name == "set-up":
        centre.refresh(by=by)
        messages.success(request, _("The preference centre is there."))
    page = centre.find()
    if page and name in ("open", "close"):
        centre.set_open(page, is_open=name == "open", by=by)
        told = {"open": _("The preference centre is open."), "close": _("The preference centre is closed.")}
        messages.success(request, told[name])
    if page and name in ("default", "no-default"):
        editing.change_page(page, {"is_default": name == "default"}, by=by)
        told = {
            "default": _("New deliveries link to the preference centre."),
            "no-default": _("New deliveries no longer link to the preference centre by themselves."),
        }
        messages.success(request, told[name])
    return redirect("landingpages:centre")


@backoffice_view("landingpages.view_landingpage")
@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest) -> HttpResponse:
    """The centre as a visitor sees it who subscribes to nothing; ?version= as it was then."""
    page = get_object_or_404(LandingPage.objects.select_related("version"), type=PageType.PREFERENCES)
    number, lang = request.GET.get("version", ""), State.read(request.GET).lang
    content: dict[str, Any] = centre.content(page)
    if number.isdecimal():
        content = get_object_or_404(PublishedVersion, page=page, number=int(number[:9])).content
    with translation.override(lang):
        shown = centre.for_visitor(content, memberships.load(content), ())
        form = form_class(shown, lang)(initial=_everything_allowed(shown))
        template = "landingpages/public_page.html"
        return respond(
            request, "landingpages/preview.html", csp=PREVIEW_CSP, brand=brands.of_version(content), extended=template, form=form
        )


def _everything_allowed(content: dict[str, Any]) -> dict[str, Any]:
    """The boxes of somebody who has opted out of nothing."""
    boxes = (block for block in content["blocks"] if block["kind"] == BlockKind.CHECKBOX)
    return {field_name(block): block["is_positive"] for block in boxes}
