"""The editor of a content: HTML source or blocks, beside how it looks. Every button saves what was typed, then acts."""

from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries import block_acts, blockediting, content_hints, lifecycle, mailblocks, merging, pictures, preparation, rendering
from deliveries.blockediting import NoSuchBlock, NothingToUndo
from deliveries.content_form import ContentForm
from deliveries.content_state import ContentState, person
from deliveries.mailblock_form import MailBlockForm, form_of
from deliveries.mailblocks import MailKind
from deliveries.models import ContentMode, Delivery
from deliveries.statuses import InvalidTransition
from deliveries.views import crumbs
from landingpages import media
from landingpages.builder_state import SCHEMES, WIDTHS
from profiles.backoffice import backoffice_view, is_fragment, operator, render

Outcome = block_acts.Outcome


def find(delivery_id: int) -> Delivery:
    related = Delivery.objects.select_related("preparation", "service", "brand__logo", "preference_page", "blocklist_page")
    return get_object_or_404(related, pk=delivery_id)


# The preview shows what recipients see: pictures of other servers too.
@csp_update({"img-src": ["http:", "https:"]})  # type: ignore[arg-type]
@backoffice_view("deliveries.change_delivery")
def content(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The content as it is edited. Every button posts to here."""
    delivery = find(delivery_id)
    if request.method == "POST":
        return _change(request, delivery)
    if not delivery.is_editable:
        messages.warning(request, _("This delivery is under way: its content is pinned."))
        return _leave(request, "deliveries:preview", delivery)
    state, _focus = ContentState.read(request.GET).pressed(request.GET)
    return _editor(request, delivery, state, ContentForm(instance=find(delivery_id)), _block_form(delivery, state))


def _change(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    """Save what was typed, then do what was pressed, both or neither; then show it."""
    state = ContentState.read(request.POST)
    form = ContentForm(request.POST, request.FILES, instance=find(delivery.pk))
    block_form = _block_form(delivery, state, request.POST, request.FILES)
    if not form.is_valid() or not (block_form is None or block_form.is_valid()):
        return _editor(request, delivery, state, form, block_form, status=422)
    shown = request.POST.get("revision", "")
    delivery.revision = int(shown) if shown.isdecimal() and len(shown) < 10 else -1
    try:
        with transaction.atomic():
            outcome = _save_and_act(request, delivery, state, form, block_form)
    except (InvalidTransition, NoSuchBlock) as refusal:
        conflict = str(refusal) or _("Somebody else removed this block meanwhile: nothing was saved.")
        return _editor(request, find(delivery.pk), state, form, block_form, status=409, conflict=conflict)
    except NothingToUndo:
        outcome = Outcome(state, said=_("There is nothing to undo any more."))
    if request.POST.get("do") == "prepare" and request.user.has_perm("deliveries.prepare_delivery"):
        return _prepare(request, delivery)
    if outcome.said:
        messages.success(request, outcome.said)
    return redirect(outcome.state.address(reverse("deliveries:content", args=[delivery.pk]), outcome.focus))


def _prepare(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    try:
        preparation.start(delivery, by=operator(request))
    except InvalidTransition as refusal:
        messages.error(request, str(refusal))
    return _leave(request, "deliveries:show", delivery)


def _leave(request: HttpRequest, name: str, delivery: Delivery) -> HttpResponse:
    """To another page: htmx, which would put it into the frame of the editor, is told to go there."""
    url = reverse(name, args=[delivery.pk])
    return HttpResponse(headers={"HX-Redirect": url}) if is_fragment(request) else redirect(url)


def _save_and_act(
    request: HttpRequest, delivery: Delivery, state: ContentState, form: ContentForm, block_form: MailBlockForm | None
) -> Outcome:
    """Raises InvalidTransition, NoSuchBlock and NothingToUndo; the caller's transaction then drops everything."""
    lifecycle.refuse_under_way(delivery)
    by, button = operator(request), request.POST.get("do", "")
    values = form.changes()
    said = ""
    if button == "own_text":
        values["text"] = rendering.text_of(values.get("html", mailblocks.html_of(delivery)))
    elif button == "automatic_text":
        values["text"] = ""
    if upload := form.cleaned_data.get("upload"):
        pictures.keep(delivery, media.keep(upload, by=by))
        said = _("The picture is stored: insert it from the list.")
    if delivery.content_mode == ContentMode.HTML:
        if values:
            lifecycle.revise(delivery, values, revision=delivery.revision, by=by)
            pictures.hold(delivery)
            said = said or _("Saved.")
        return Outcome(*state.pressed(request.POST), said)
    return _act_on_blocks(request, delivery, state, values, block_form)


def _act_on_blocks(
    request: HttpRequest, delivery: Delivery, state: ContentState, values: dict[str, Any], block_form: MailBlockForm | None
) -> Outcome:
    by, button, said = operator(request), request.POST.get("do", ""), ""
    blocks: blockediting.Blocks = delivery.blocks
    if block_form and block_form.has_changed():
        blocks = blockediting.changed(blocks, state.block, block_form.values() | block_form.picture(by=by))
        said = _("Saved.")
    if values or blocks is not delivery.blocks:
        said = _("Saved.")
        blockediting.store(delivery, blocks, by=by, **values)
    if button in ("undo", "redo"):
        (blockediting.undo if button == "undo" else blockediting.redo)(delivery, by=by)
        return Outcome(state, button, _("The last change is undone.") if button == "undo" else _("The change is done again."))
    outcome = block_acts.act(delivery.blocks, button, state)
    if outcome.blocks is not None:
        blockediting.store(delivery, outcome.blocks, by=by)
        return outcome
    return Outcome(*state.pressed(request.POST), said)


def _block_form(delivery: Delivery, state: ContentState, data: Any = None, files: Any = None) -> MailBlockForm | None:
    is_made_of_blocks = delivery.content_mode == ContentMode.BLOCKS
    return form_of(delivery.blocks, state.block, data, files) if is_made_of_blocks else None


def _editor(
    request: HttpRequest,
    delivery: Delivery,
    state: ContentState,
    form: ContentForm,
    block_form: MailBlockForm | None,
    *,
    status: int = 200,
    conflict: str = "",
) -> HttpResponse:
    blocks = delivery.blocks if delivery.content_mode == ContentMode.BLOCKS else []
    last = len(blocks) - 1
    draft = rendering.draft(delivery)
    context: dict[str, Any] = {
        "delivery": delivery,
        "state": state,
        "form": form,
        "block_form": block_form,
        "conflict": conflict,
        "focus": request.GET.get("focus", ""),
        "rows": [
            {
                "block": block,
                "kind": MailKind(block["kind"]),
                "name": block_acts.name_of(block),
                "is_selected": block["key"] == state.block,
                "is_first": place == 0,
                "is_last": place == last,
            }
            for place, block in enumerate(blocks)
        ],
        "palette": MailKind,
        "can": blockediting.can(delivery),
        "widths": WIDTHS.items(),
        "schemes": SCHEMES.items(),
        "person": person(request, state),
        "automatic_text": "" if delivery.text else draft["text"],
        "hints": content_hints.hints(draft, blocks),
        "images": [(image, pictures.address(image)) for image in pictures.of(delivery)],
        "fields": merging.fields(),
        "preview_url": state.address(reverse("deliveries:preview_frame", args=[delivery.pk])),
        "people_url": state.address(reverse("deliveries:preview", args=[delivery.pk])),
    }
    template = "deliveries/content.html"
    return render(request, template, title=_("Content"), crumbs=crumbs(delivery), status=status, **context)


@backoffice_view("deliveries.change_delivery")
def mode(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """From HTML to blocks, which asks first because what was written is lost, and from blocks to HTML, which keeps it."""
    delivery = find(delivery_id)
    is_html = delivery.content_mode == ContentMode.HTML
    if request.method == "POST":
        shown = request.POST.get("revision", "")
        delivery.revision = int(shown) if shown.isdecimal() and len(shown) < 10 else -1
        try:
            (blockediting.begin if is_html else blockediting.leave)(delivery, by=operator(request))
        except InvalidTransition as refusal:
            messages.error(request, str(refusal))
        return redirect("deliveries:content", delivery.pk)
    return render(
        request, "deliveries/content_mode.html", title=_("Content"), crumbs=crumbs(delivery), delivery=delivery, is_html=is_html
    )
