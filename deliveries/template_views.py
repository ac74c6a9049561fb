"""Templates of deliveries: the list, saving one, duplicating the built-in one, deleting an own one."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from deliveries import copying
from deliveries.models import Delivery
from deliveries.views import crumbs
from profiles.backoffice import backoffice_view, operator, render


class LabelForm(forms.Form):
    label = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=128,
        help_text=gettext_lazy("For you and your colleagues; recipients do not see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@backoffice_view("deliveries.view_delivery")
def templates(request: HttpRequest) -> HttpResponse:
    """The built-in template and the own ones."""
    title = _("Delivery templates")
    return render(request, "deliveries/templates.html", title=title, crumbs=crumbs(), offers=copying.offers())


@backoffice_view("deliveries.add_delivery")
def save_as_template(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """What a delivery is now, for new ones to start from."""
    delivery = get_object_or_404(Delivery.objects.planned(), pk=delivery_id)
    form = LabelForm(request.POST or None, initial={"label": delivery.label})
    if request.method == "POST" and form.is_valid():
        made = copying.copy(delivery, label=form.cleaned_data["label"], by=operator(request), is_template=True)
        messages.success(request, _("The template “%(label)s” is saved.") % {"label": made.label})
        return redirect("deliveries:templates")
    context = {"delivery": delivery, "form": form}
    status = 422 if form.is_bound else 200
    return render(
        request,
        "deliveries/save_as_template.html",
        title=_("Save as template"),
        crumbs=crumbs(delivery),
        status=status,
        **context,
    )


@backoffice_view("deliveries.add_delivery")
@require_POST
def duplicate_built_in(request: HttpRequest, template: str) -> HttpResponse:
    """An own template from the built-in one, to be changed."""
    offer = next((offer for offer in copying.BUILT_IN if offer.name == template), None)
    if offer is None:
        raise Http404
    return redirect("deliveries:edit", copying.duplicate_built_in(offer, by=operator(request)).pk)


@backoffice_view("deliveries.delete_delivery")
def delete(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Only a template can be deleted: a delivery is part of people's history."""
    template = get_object_or_404(copying.templates(), pk=delivery_id)
    if request.method == "POST":
        copying.delete_template(template)
        messages.success(request, _("The template “%(label)s” is deleted.") % {"label": template.label})
        return redirect("deliveries:templates")
    return render(request, "deliveries/delete_template.html", title=_("Delete"), crumbs=crumbs(template), delivery=template)
