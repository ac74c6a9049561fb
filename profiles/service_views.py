"""The record of a service in the back office: a new one, its General tab, its deletion."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles import servicechanges
from profiles.backoffice import backoffice_view, operator, render
from profiles.models import ConsentEvent, Service, Subscription
from profiles.service_forms import ServiceForm


def page(request: HttpRequest, template: str, service: Service, tab: str, **context: Any) -> HttpResponse:
    """A page among the tabs of a service."""
    crumbs = [(_("Services"), reverse("admin:profiles_service_changelist"))]
    return render(request, template, title=service.label, crumbs=crumbs, service=service, tab=tab, **context)


@backoffice_view("profiles.add_service")
def add(request: HttpRequest) -> HttpResponse:
    form = ServiceForm(request.POST or None, instance=Service())
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            service = form.write()
            LogEntry.objects.log_actions(operator(request).pk, [service], ADDITION, [{"added": {}}], single_object=True)
        servicechanges.announce()
        messages.success(request, _("“%(service)s” was added.") % {"service": service})
        return redirect("admin:profiles_service_change", service.pk)
    crumbs = [(_("Services"), reverse("admin:profiles_service_changelist"))]
    status = 422 if form.errors else 200
    return render(request, "profiles/service.html", title=_("Add service"), crumbs=crumbs, status=status, form=form)


@backoffice_view("profiles.view_service")
def general(request: HttpRequest, service_id: int) -> HttpResponse:
    """The General tab; saving writes what was changed, and nothing else."""
    service = get_object_or_404(Service, pk=service_id)
    may_change = request.user.has_perm("profiles.change_service")
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = ServiceForm(request.POST or None, instance=service)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.write()
            changed = [{"changed": {"fields": _labels(form.changed())}}]
            LogEntry.objects.log_actions(operator(request).pk, [service], CHANGE, changed, single_object=True)
        servicechanges.announce()
        messages.success(request, _("“%(service)s” is saved.") % {"service": service})
        return redirect("admin:profiles_service_change", service.pk)
    status = 422 if form.errors else 200
    shown = Service.objects.get(pk=service_id)  # as stored, whatever the form has put into its own
    return page(request, "profiles/service.html", shown, "general", status=status, form=form, may_change=may_change)


def _labels(names: list[str]) -> list[str]:
    """The English names of the fields: the history page translates them for its reader."""
    with translation.override(None):
        labels = {field.name: str(field.verbose_name) for field in Service._meta.concrete_fields}
    return [labels[name] for name in names]


@backoffice_view("profiles.delete_service")
def delete(request: HttpRequest, service_id: int) -> HttpResponse:
    """GET says what would happen, or why it cannot; POST deletes a service that nobody ever subscribed to."""
    service = get_object_or_404(Service, pk=service_id)
    obstacles = _obstacles(service)
    if request.method == "POST" and not obstacles:
        try:
            with transaction.atomic():
                LogEntry.objects.log_actions(operator(request).pk, [service], DELETION, "", single_object=True)
                service.delete()
        except ProtectedError as refusal:
            obstacles = [f"{one._meta.verbose_name}: {one}" for one in sorted(refusal.protected_objects, key=str)]
        else:
            servicechanges.announce()
            messages.success(request, _("“%(service)s” was deleted.") % {"service": service})
            return redirect("admin:profiles_service_changelist")
    status = 409 if request.method == "POST" else 200
    return page(request, "profiles/service_delete.html", service, "general", status=status, obstacles=obstacles)


def _obstacles(service: Service) -> list[str]:
    """Why a service has to stay: the ledger names it, and what it proves must not lose its name."""
    subscribed = Subscription.objects.filter(service=service).count()
    events = ConsentEvent.objects.filter(service=service).count()
    found = []
    if subscribed:
        told = ngettext("%(number)s profile is subscribed.", "%(number)s profiles are subscribed.", subscribed)
        found.append(told % {"number": number_format(subscribed, force_grouping=True)})
    if events:
        told = ngettext("The consent history names it %(number)s time.", "The consent history names it %(number)s times.", events)
        found.append(told % {"number": number_format(events, force_grouping=True)})
    return found
