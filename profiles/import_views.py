"""The import pages of the back office: upload, mapping, check, import, result."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from profiles import csvfiles, customfields, importjobs, previewing
from profiles.backoffice import backoffice_view, is_fragment, operator, render
from profiles.csvfiles import ImportRejected
from profiles.import_forms import MappingForm, UploadForm
from profiles.importjobs import InvalidTransition
from profiles.models import ImportJob, ImportStatus
from profiles.paging import Paginator
from profiles.rows import shortened

PER_PAGE = 50
SAMPLES = 3
PIECE_BYTES = 65_536


def _crumbs(*, deep: bool = True) -> list[tuple[str, str]]:
    profiles = (_("Profiles"), reverse("admin:profiles_profile_changelist"))
    return [profiles, (_("Imports"), reverse("profiles:imports"))] if deep else [profiles]


@backoffice_view("profiles.import_profile")
def import_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(ImportJob.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "profiles/imports.html", title=_("Imports"), crumbs=_crumbs(deep=False), page=page)


@backoffice_view("profiles.import_profile")
def upload(request: HttpRequest) -> HttpResponse:
    """GET asks for a file; POST keeps it and leads to its columns. No profile is touched."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        try:
            job = importjobs.upload(form.cleaned_data["file"], by=operator(request))
            return redirect("profiles:import", job.pk)
        except ImportRejected as error:
            form.add_error("file", str(error))
    status = 422 if form.is_bound else 200
    return render(request, "profiles/import_upload.html", title=_("Import profiles"), crumbs=_crumbs(), form=form, status=status)


@backoffice_view("profiles.import_profile")
def show(request: HttpRequest, import_id: int) -> HttpResponse:
    """Where the import stands. The fragment refreshes itself while the worker is busy."""
    job = get_object_or_404(ImportJob, pk=import_id)
    if job.status == ImportStatus.UPLOADED or ("columns" in request.GET and job.status == ImportStatus.CHECKED):
        return _mapping(request, job, _mapping_form(job))
    found = importjobs.preview(job)
    names = [name for name, field in zip(job.header, job.fields, strict=False) if not field and name.strip()]
    context: dict[str, Any] = {
        "job": job,
        "counts": job.expected
        if job.status == ImportStatus.CHECKED
        else {name: getattr(job, name) for name in importjobs.COUNTS},
        "refusals": found.get("refusals", []),
        "changes": previewing.in_words(found.get("changes", []), customfields.definitions()),
        "left_out": names,
        "has_rejects": job.rejected and importjobs.rejects(job).exists(),
    }
    if is_fragment(request):
        return render(request, "profiles/import_status.html", title=str(job), **context)
    return render(request, "profiles/import.html", title=str(job), crumbs=_crumbs(), **context)


@backoffice_view("profiles.import_profile")
@require_POST
def check(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take the columns as they were chosen, and let the worker count; or read the file anew, in another encoding."""
    job = get_object_or_404(ImportJob, pk=import_id)
    form = _mapping_form(job, request.POST)
    if not form.is_valid():
        return _mapping(request, job, form, status=422)
    try:
        if form.is_read_anew:
            importjobs.reread(job, encoding=form.cleaned_data["encoding"], delimiter=form.cleaned_data["delimiter"])
            messages.info(request, _("The file was read anew. Look at the columns and their values."))
        else:
            importjobs.check(job, form.chosen)
    except ImportRejected as error:
        form.add_error(None, str(error))
        return _mapping(request, job, form, status=422)
    except InvalidTransition as error:
        messages.error(request, str(error))
    return redirect("profiles:import", job.pk)


@backoffice_view("profiles.import_profile")
@require_POST
def start(request: HttpRequest, import_id: int) -> HttpResponse:
    by = operator(request)
    return _act(request, import_id, lambda job: importjobs.start(job, by=by))


@backoffice_view("profiles.import_profile")
@require_POST
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    return _act(request, import_id, importjobs.cancel)


@backoffice_view("profiles.import_profile")
def rejects(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The refused rows as a file to save: never shown by the browser, whatever is in it."""
    job = get_object_or_404(ImportJob, pk=import_id)
    path = importjobs.rejects(job)
    if not job.rejected or not path.exists():
        raise Http404
    name = f"{job.file_name.rpartition('.')[0] or job.file_name}.rejects.csv"
    response = StreamingHttpResponse(_pieces(path), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _act(request: HttpRequest, import_id: int, act: Callable[[ImportJob], None]) -> HttpResponse:
    job = get_object_or_404(ImportJob, pk=import_id)
    try:
        act(job)
    except InvalidTransition as error:
        messages.error(request, str(error))
    return redirect("profiles:import", job.pk)


def _mapping_form(job: ImportJob, data: Any = None) -> MappingForm:
    return MappingForm(data, job=job, custom=customfields.definitions(), samples=_samples(job))


def _samples(job: ImportJob) -> list[list[str]]:
    """The first rows, shortened; none where the file is gone or cannot be read so."""
    try:
        _header, *first = csvfiles.beginning(importjobs.table(job), job.delimiter, job.encoding, 1 + SAMPLES)
        return [[shortened(cell) for cell in record.cells] for record in first]
    except (ValueError, OSError):
        return []


def _mapping(request: HttpRequest, job: ImportJob, form: MappingForm, status: int = 200) -> HttpResponse:
    template = "profiles/import_columns.html"
    return render(request, template, title=str(job), crumbs=_crumbs(), status=status, job=job, form=form)
