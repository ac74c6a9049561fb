"""The pages of one custom field: add it, change it, remove it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles import defining
from profiles.backoffice import backoffice_view, operator, render
from profiles.defining import DefinedMeanwhile
from profiles.definition_forms import ChangeDefinitionForm, DefinitionForm
from profiles.models import CustomField

LIST = "admin:profiles_customfield_changelist"


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Custom fields"), reverse(LIST))]


@backoffice_view("profiles.add_customfield")
def add(request: HttpRequest) -> HttpResponse:
    form = DefinitionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        field = defining.add(form.values, by=operator(request))
        messages.success(request, _("%(field)s was added: every profile has it now.") % {"field": field})
        return redirect(LIST)
    return render(request, "profiles/custom_field.html", title=_("Add custom field"), crumbs=_crumbs(), form=form, field=None)


@backoffice_view("profiles.view_customfield")
def change(request: HttpRequest, field_id: int) -> HttpResponse:
    field = get_object_or_404(CustomField, pk=field_id)
    may_change = request.user.has_perm("profiles.change_customfield")
    form = ChangeDefinitionForm(request.POST if request.method == "POST" and may_change else None, instance=field)
    if not form.is_bound or not form.is_valid():
        return _change(request, form, may_change=may_change, status=403 if request.method == "POST" and not may_change else 200)
    try:
        if form.values:
            defining.change(field, form.values, shown=form.shown, by=operator(request))
    except DefinedMeanwhile:
        fresh = ChangeDefinitionForm(instance=CustomField.objects.get(pk=field_id))
        return _change(request, fresh, may_change=may_change, meanwhile=True, status=409)
    told = _("%(field)s was changed.") if form.values else _("Nothing was changed.")
    messages.success(request, told % {"field": form.cleaned_data["label"]})
    return redirect(LIST)


def _change(
    request: HttpRequest, form: ChangeDefinitionForm, *, may_change: bool, meanwhile: bool = False, status: int = 200
) -> HttpResponse:
    for field in form.fields.values():
        field.disabled = not may_change
    stored = CustomField.objects.get(pk=form.instance.pk)
    context = {"form": form, "field": stored, "having": defining.having(stored.key).count(), "may_change": may_change}
    template = "profiles/custom_field.html"
    return render(request, template, title=str(stored), crumbs=_crumbs(), status=status, meanwhile=meanwhile, **context)


@backoffice_view("profiles.delete_customfield")
def delete(request: HttpRequest, field_id: int) -> HttpResponse:
    """GET says how many profiles have a value; POST removes field and values, if no more have one than was said."""
    field = get_object_or_404(CustomField, pk=field_id)
    number = defining.having(field.key).count()
    shown = request.POST.get("having", "")
    if request.method == "POST" and shown.isdecimal() and int(shown) >= number:
        removed = defining.remove(field, by=operator(request))
        told = ngettext(
            "%(field)s was deleted, and its value in %(number)s profile.",
            "%(field)s was deleted, and its values in %(number)s profiles.",
            removed,
        )
        messages.success(request, told % {"field": field, "number": removed})
        return redirect(LIST)
    crumbs = [*_crumbs(), (str(field), reverse("admin:profiles_customfield_change", args=[field.pk]))]
    context = {"field": field, "having": number, "moved": request.method == "POST"}
    status = 409 if request.method == "POST" else 200
    template = "profiles/custom_field_delete.html"
    return render(request, template, title=_("Delete custom field"), crumbs=crumbs, status=status, **context)
