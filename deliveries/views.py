"""The back office's pages of one delivery: edit, prepare, look at the result, confirm, follow."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deliveries import (
    audience_step,
    controls,
    copying,
    lifecycle,
    pagelinks,
    plan_words,
    planning,
    preparation,
    remedies,
    shares,
    shifts,
    waterfall,
)
from deliveries.forms import DeliveryForm
from deliveries.models import Batch, Delivery, Level
from deliveries.statuses import DeliveryStatus, InvalidTransition
from profiles import audiences
from profiles.backoffice import backoffice_view, is_fragment, operator, render
from profiles.paging import Paginator

LINES = 50  # of a preparation's log that its result shows
Way = list[tuple[str, str]]
STEPS = (DeliveryStatus.EDITING, DeliveryStatus.READY, DeliveryStatus.IN_PROGRESS, DeliveryStatus.FINISHED)


def crumbs(delivery: Delivery | None = None) -> Way:
    """The way down to a page of a delivery."""
    way = [(_("Deliveries"), reverse("deliveries:list"))]
    if delivery and delivery.is_template:
        way.append((_("Templates"), reverse("deliveries:templates")))
    return [*way, (delivery.label, reverse("deliveries:show", args=[delivery.pk]))] if delivery else way


@backoffice_view("deliveries.view_delivery")
def delivery_list(request: HttpRequest) -> HttpResponse:
    """Every delivery, newest first, with its numbers."""
    rows = Delivery.objects.planned().select_related("preparation")
    status = request.GET.get("status", "")
    if status in DeliveryStatus.values:
        rows = rows.filter(status=status)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(
        request, "deliveries/list.html", title=_("Deliveries"), page=page, statuses=DeliveryStatus.choices, status_filter=status
    )


@backoffice_view("deliveries.add_delivery")
def add(request: HttpRequest) -> HttpResponse:
    """A new delivery from a template: the one that is named, or the only one that there is."""
    name = request.POST.get("template", request.GET.get("template", ""))
    offer = copying.offered(name)
    offers = copying.offers()
    if offer is None or (request.method == "GET" and not name and len(offers) > 1):
        context: dict[str, Any] = {"offers": offers, "is_refused": offer is None}
        status = 422 if offer is None else 200
        return render(request, "deliveries/choose.html", title=_("New delivery"), crumbs=crumbs(), status=status, **context)
    blank = offer.blank()
    if "do" in request.POST:
        return _audience_step(request, blank, title=_("New delivery"), way=crumbs(), offer=offer)
    form = DeliveryForm(request.POST or None, instance=offer.blank(), may_confirm=planning.may_confirm(operator(request)))
    if request.method == "POST" and form.is_valid():
        delivery = lifecycle.create(copying.taken(blank) | form.values(), by=operator(request))
        return _after_saving(request, delivery, form, then="deliveries:content")
    return _edit_page(request, form, title=_("New delivery"), way=crumbs(), offer=offer)


@backoffice_view("deliveries.change_delivery")
def edit(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Change a delivery that is not under way; a ready one has to be prepared again."""
    delivery = get_object_or_404(Delivery, pk=delivery_id)
    if not delivery.is_editable and request.method != "POST":
        messages.warning(request, _("This delivery is under way: its content is pinned."))
        return redirect("deliveries:show", delivery.pk)
    if "do" in request.POST:
        return _audience_step(request, delivery, title=_("Edit"), way=crumbs(delivery))
    may_confirm = planning.may_confirm(operator(request))
    form = DeliveryForm(request.POST or None, instance=Delivery.objects.get(pk=delivery_id), may_confirm=may_confirm)
    if request.method == "POST" and form.is_valid():
        shown = form.cleaned_data["revision"]
        try:
            lifecycle.refuse_under_way(delivery)
            if form.has_changed():
                lifecycle.revise(delivery, form.values(), revision=-1 if shown is None else shown, by=operator(request))
            return _after_saving(request, delivery, form)
        except InvalidTransition as refusal:
            form.add_error(None, str(refusal))
    return _edit_page(request, form, title=_("Edit"), way=crumbs(delivery))


def _audience_step(request: HttpRequest, delivery: Delivery, **about: Any) -> HttpResponse:
    """A button of the audience was pressed: nothing of the delivery is stored, nothing that was typed is lost."""
    form = DeliveryForm(instance=delivery, typed=request.POST, may_confirm=planning.may_confirm(operator(request)))
    needed = audience_step.NEEDS.get(request.POST["do"])
    if needed is None or request.user.has_perm(needed):
        about["listed"] = audience_step.act(form.builder, request.POST, request.FILES, operator(request))
    return _edit_page(request, form, **about)


def _edit_page(request: HttpRequest, form: DeliveryForm, *, title: str, way: Way, **more: Any) -> HttpResponse:
    status = 422 if form.is_bound else 200
    saved = audience_step.saved_choices() if request.user.has_perm("profiles.view_savedaudience") else []
    context = {"form": form, "builder": form.builder, "saved": saved, **more}
    return render(request, "deliveries/edit.html", title=title, crumbs=way, status=status, **context)


def _after_saving(request: HttpRequest, delivery: Delivery, form: DeliveryForm, *, then: str = "deliveries:show") -> HttpResponse:
    for remark in form.remarks:
        messages.info(request, remark)
    if "prepare" in request.POST and request.user.has_perm("deliveries.prepare_delivery"):
        return _do(request, delivery, preparation.start)
    messages.success(request, _("“%(label)s” is saved.") % {"label": delivery.label})
    may_write = request.user.has_perm("deliveries.change_delivery")
    return redirect(then if may_write else "deliveries:show", delivery.pk)


@backoffice_view("deliveries.view_delivery")
def show(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Where the delivery stands: the result of its preparation, its progress, its log. The fragment refreshes itself."""
    related = Delivery.objects.select_related("preparation", "service", "confirmed_by", "scheduled_by", *pagelinks.PAGE_TYPES)
    delivery = get_object_or_404(related, pk=delivery_id)
    if delivery.is_template:
        told: dict[str, Any] = {"delivery": delivery, "audience": _in_words(delivery), "plan": plan_words.sentences(delivery)}
        return render(request, "deliveries/template.html", title=delivery.label, crumbs=crumbs(delivery)[:-1], **told)
    ready = delivery.preparation
    running = delivery.preparations.filter(status="running").first()
    progress = Batch.objects.filter(preparation=ready).progress() if delivery.is_confirmed else None
    is_ending = delivery.status == DeliveryStatus.STOPPED and bool(progress and progress["waiting"])
    lines = list(ready.log.order_by("-pk")[:LINES])[::-1] if ready else []
    is_counting = ready is not None and ready.counted_at is None
    context: dict[str, Any] = {
        "delivery": delivery,
        "preparation": ready,
        "running": running,
        "steps": STEPS,
        "waterfall": waterfall.of(ready) if ready else None,
        "shares": shares.tables(ready) if ready else [],
        "changes": shifts.changes(ready) if ready and ready.counted_at and shifts.former(ready) else [],
        "is_counting": is_counting,
        "progress": progress,
        "prepared_lines": remedies.with_remedies(lines, delivery),
        "has_errors": any(line.level == Level.ERROR for line in lines),
        "audience": _in_words(delivery),
        "plan": plan_words.sentences(delivery),
        "content": ready.content if ready and delivery.is_confirmed else None,
        "refreshes": delivery.status in (DeliveryStatus.PREPARING, DeliveryStatus.IN_PROGRESS) or is_ending or is_counting,
        "last_lines": [(line, "") for line in delivery.log.order_by("-pk")[:5]],
    }
    template = "deliveries/status.html" if is_fragment(request) else "deliveries/show.html"
    return render(request, template, title=delivery.label, crumbs=crumbs(), **context)


def _in_words(delivery: Delivery) -> str:
    try:
        return audiences.in_words(delivery.audience)
    except audiences.InvalidAudience as fault:
        return str(fault)


@backoffice_view("deliveries.prepare_delivery")
@require_POST
def prepare(request: HttpRequest, delivery_id: int) -> HttpResponse:
    return _do(request, get_object_or_404(Delivery, pk=delivery_id), preparation.start)


@backoffice_view("deliveries.prepare_delivery")
@require_POST
def cancel(request: HttpRequest, delivery_id: int) -> HttpResponse:
    return _do(request, get_object_or_404(Delivery, pk=delivery_id), preparation.cancel)


@backoffice_view("deliveries.confirm_delivery")
def confirm(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The page that names the number; its button is the last human yes, for the preparation that it shows."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    if request.method == "POST":
        number = request.POST.get("preparation", "")
        shown = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
        return _do(request, delivery, lambda one, by: lifecycle.confirm(one, preparation=shown, by=by))
    if delivery.status != DeliveryStatus.READY or delivery.preparation is None or delivery.is_scheduled:
        messages.warning(request, _("There is nothing to confirm: prepare the delivery first."))
        return redirect("deliveries:show", delivery.pk)
    found = controls.findings(delivery.preparation.content, delivery.preparation)
    return render(
        request,
        "deliveries/confirm.html",
        title=_("Confirm"),
        crumbs=crumbs(delivery),
        delivery=delivery,
        preparation=delivery.preparation,
        audience=_in_words(delivery),
        plan=plan_words.sentences(delivery),
        refusals=lifecycle.refusals(delivery.preparation, found),
        remarks=[line for line in found if line.level != Level.ERROR],
    )


@backoffice_view("deliveries.prepare_delivery")
@require_POST
def pause(request: HttpRequest, delivery_id: int) -> HttpResponse:
    return _do(request, get_object_or_404(Delivery, pk=delivery_id), lifecycle.pause)


@backoffice_view("deliveries.confirm_delivery")
@require_POST
def resume(request: HttpRequest, delivery_id: int) -> HttpResponse:
    return _do(request, get_object_or_404(Delivery, pk=delivery_id), lifecycle.resume)


@backoffice_view("deliveries.prepare_delivery")
@require_POST
def withdraw(request: HttpRequest, delivery_id: int) -> HttpResponse:
    return _do(request, get_object_or_404(Delivery, pk=delivery_id), lifecycle.withdraw)


@backoffice_view("deliveries.prepare_delivery")
def stop(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Stopping is for good, so it has a page that says whom it leaves out."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    if request.method == "POST":
        return _do(request, delivery, lifecycle.stop)
    progress = Batch.objects.filter(preparation=delivery.preparation).progress()
    return render(request, "deliveries/stop.html", title=_("Stop"), crumbs=crumbs(delivery), delivery=delivery, progress=progress)


@backoffice_view("deliveries.add_delivery")
@require_POST
def duplicate(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """A copy to edit, without schedule and preparations."""
    copy = copying.duplicate(get_object_or_404(Delivery, pk=delivery_id), by=operator(request))
    return redirect("deliveries:edit", copy.pk)


def _do(request: HttpRequest, delivery: Delivery, verb: Callable[..., object]) -> HttpResponseRedirect:
    """Call a verb and go back to the delivery; a refusal is told, nothing else happens."""
    try:
        with transaction.atomic():
            verb(delivery, by=operator(request))
    except InvalidTransition as refusal:
        messages.error(request, str(refusal))
    return redirect("deliveries:show", delivery.pk)
