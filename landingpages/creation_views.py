"""New pages and templates: from a template, as a copy, saved from a page."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from landingpages import copying, outlines
from landingpages.models import LandingPage
from landingpages.new_forms import CopyForm, NamedForm, NewPageForm
from landingpages.outlines import Offer
from landingpages.templates_builtin import TEMPLATES
from landingpages.views import crumbs, find, frame
from profiles.backoffice import backoffice_view, operator, render


@backoffice_view("landingpages.add_landingpage")
def add(request: HttpRequest) -> HttpResponse:
    """A new page in two steps: the template, then the properties that it needs."""
    name = request.POST.get("template", request.GET.get("template", ""))
    offer = outlines.offered(name)
    if offer is None:
        return _choose(request, is_refused=bool(name) or request.method == "POST")
    form = NewPageForm(offer, request.POST or None, initial={"service": request.GET.get("service")})
    if request.method == "POST" and form.is_valid() and (page := _create(request, offer, form)):
        messages.success(request, _("“%(label)s” is there: nobody sees it before you publish it.") % {"label": page.label})
        return redirect("landingpages:build", page.pk)
    status = 422 if form.errors else 200
    return render(request, "landingpages/add.html", title=_("New page"), crumbs=crumbs(), status=status, form=form, offer=offer)


def _choose(request: HttpRequest, *, is_refused: bool) -> HttpResponse:
    context: dict[str, Any] = {"offers": outlines.offers(), "is_refused": is_refused, "service": request.GET.get("service", "")}
    status = 422 if is_refused else 200
    return render(request, "landingpages/choose.html", title=_("New page"), crumbs=crumbs(), status=status, **context)


def _create(request: HttpRequest, offer: Offer, form: NewPageForm) -> LandingPage | None:
    """The page; None, with the form saying why, where somebody was faster."""
    data = form.cleaned_data
    named = {"label": data["label"], "slug": data["slug"], "description": data["description"]}
    try:
        return copying.create_from(offer.name, **named, service=form.chosen_service, by=operator(request))
    except ValidationError as refusal:
        form.add_error(None, refusal.messages)
        return None


@backoffice_view("landingpages.add_landingpage")
def duplicate(request: HttpRequest, page_id: int) -> HttpResponse:
    """A copy of a page, or of a template, with a name of its own."""
    page = find(page_id)
    initial = {"label": _("%(label)s (copy)") % {"label": page.label[:110]}, "description": page.description}
    form = (NamedForm if page.is_template else CopyForm)(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data, by = form.cleaned_data, operator(request)
        if page.is_template:
            made = copying.save_as_template(page, label=data["label"], description=data["description"], by=by)
        else:
            made = copying.copy(page, label=data["label"], slug=data["slug"], description=data["description"], by=by)
        messages.success(request, _("“%(label)s” is there.") % {"label": made.label})
        return redirect("landingpages:build", made.pk)
    told = _("Everything is copied but the dates, the publications, and what the page is the default of.")
    return _named(request, page, form, title=_("Duplicate"), told=told, button=_("Duplicate"))


@backoffice_view("landingpages.add_landingpage")
def save_as_template(request: HttpRequest, page_id: int) -> HttpResponse:
    """What a page is now, for new pages to start from."""
    page = find(page_id)
    form = NamedForm(request.POST or None, initial={"label": page.label, "description": page.description})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = copying.save_as_template(page, label=data["label"], description=data["description"], by=operator(request))
        messages.success(request, _("The template “%(label)s” is saved.") % {"label": made.label})
        return redirect("landingpages:templates")
    told = _("New pages can start from it. It is never published, and the page stays as it is.")
    return _named(request, page, form, title=_("Save as template"), told=told, button=_("Save the template"))


@backoffice_view("landingpages.view_landingpage")
def templates(request: HttpRequest) -> HttpResponse:
    """The built-in templates and the own ones."""
    return render(
        request, "landingpages/templates.html", title=_("Landing page templates"), crumbs=crumbs(), offers=outlines.offers()
    )


@backoffice_view("landingpages.add_landingpage")
@require_POST
def duplicate_built_in(request: HttpRequest, template: str) -> HttpResponseRedirect:
    """An own template from a built-in one, open in the builder."""
    if template not in TEMPLATES:
        raise Http404
    made = copying.duplicate_built_in(template, by=operator(request))
    messages.success(request, _("“%(label)s” is there.") % {"label": made.label})
    return redirect("landingpages:build", made.pk)


def _named(request: HttpRequest, page: LandingPage, form: Any, *, title: str, told: str, button: str) -> HttpResponse:
    context = {"form": form, "told": told, "button": button} | frame(page)
    status = 422 if form.errors else 200
    return render(request, "landingpages/named.html", title=title, crumbs=crumbs(page), status=status, **context)
