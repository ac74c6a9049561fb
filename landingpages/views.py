"""What the pages about one landing page share, its properties, and the pages of a service."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from landingpages import editing, publishing
from landingpages.job_forms import JobForms
from landingpages.models import SERVICE_TYPES, LandingPage, PageType
from landingpages.page_forms import PropertiesForm
from profiles import brands
from profiles.backoffice import backoffice_view, is_fragment, operator, render
from profiles.models import Service

PER_PAGE = 50


def crumbs(page: LandingPage | None = None) -> list[tuple[str, str]]:
    """The way down to a page about a landing page."""
    way = [(_("Landing pages"), reverse("landingpages:list"))]
    if page and page.is_template:
        way.append((_("Templates"), reverse("landingpages:templates")))
    return [*way, (page.label, reverse("landingpages:build", args=[page.pk]))] if page else way


def public_url(page: LandingPage) -> str:
    """The address at which visitors without a link find the page."""
    return f"{settings.PUBLIC_URL}/lp/{page.slug}/"


def frame(page: LandingPage, default: brands.Default | None = None) -> dict[str, Any]:
    """What the head of every page about a landing page shows; `default` is the one brand that a list of pages shares."""
    changes = publishing.changes_not_published(page, default) if page.version else 0
    waiting = getattr(page, "scheduled", None)
    return {"page": page, "url": public_url(page), "changes": changes, "waiting_publication": waiting}


def built() -> QuerySet[LandingPage]:
    """The pages that operators build."""
    return LandingPage.objects.exclude(type=PageType.PREFERENCES)


def find(page_id: int) -> LandingPage:
    """The page with what its head shows; 404 where there is none, and for the preference centre, which nobody builds."""
    return get_object_or_404(with_head(built()), pk=page_id)


def with_head(pages: QuerySet[LandingPage]) -> QuerySet[LandingPage]:
    """Pages with all that their heads show."""
    related = ("version", "scheduled", "brand__logo", "service__brand__logo")
    return pages.select_related(*related).prefetch_related("every_block")


def shown_revision(request: HttpRequest) -> int:
    """The revision of the page that the sent form showed; none that ever was for anything else."""
    sent = request.POST.get("revision", "")
    return int(sent[:9]) if sent.isdecimal() else -1


@backoffice_view("landingpages.view_landingpage")
def for_service(request: HttpRequest, service_id: int) -> HttpResponse:
    """The pages that subscribe to a service or unsubscribe from it: a fragment of the service's own page, or a page."""
    service = get_object_or_404(Service, pk=service_id)
    default = brands.Default()
    found = with_head(built()).filter(Q(service=service) | Q(service_from_url=True), is_template=False, archived_at=None)
    pages = [page for page in found if page.service_id == service.pk or service.pk in page.served.values()]
    rows = [frame(one, default) for one in pages]
    context: dict[str, Any] = {"rows": rows, "service": service, "types": SERVICE_TYPES}
    if is_fragment(request):
        return render(request, "landingpages/service_pages.html", title=service.label, **context)
    return render(request, "landingpages/for_service.html", title=service.label, crumbs=crumbs(), **context)


@backoffice_view("landingpages.change_landingpage")
def properties(request: HttpRequest, page_id: int) -> HttpResponse:
    """Every property of a page; visitors see a change with the next publication."""
    form = PropertiesForm(request.POST or None, instance=get_object_or_404(built(), pk=page_id))
    job = JobForms(form.instance, request.POST or None)
    is_valid = job.is_valid() and form.is_valid()
    if request.method == "POST" and is_valid and _save(form, job, find(page_id), by=operator(request)):
        told = _("The page “%(label)s” is saved.") % {"label": form.cleaned_data["label"]}
        messages.success(request, " ".join([told, *form.remarks]))
        return redirect("landingpages:properties", page_id)
    page = find(page_id)
    status = 422 if form.errors or job.errors else 200
    return render(
        request,
        "landingpages/properties.html",
        title=_("Properties"),
        crumbs=crumbs(page),
        status=status,
        form=form,
        job=job,
        **frame(page),
    )


def _save(form: PropertiesForm, job: JobForms, page: LandingPage, *, by: AbstractUser) -> bool:
    """Whether the properties are stored; if not, the form says why."""
    try:
        if values := form.values() | job.values():
            editing.change_page(page, values, by=by, revision=form.cleaned_data["revision"])
    except editing.EditConflict:
        form.keep_for(page.revision)
        form.add_error(
            None, _("Somebody else changed this page meanwhile. Save again to change what you changed, and nothing else.")
        )
    except ValidationError as refusal:
        form.add_error(None, refusal.messages)
    return form.is_valid()
