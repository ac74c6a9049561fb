"""The builder of a landing page: one form whose buttons save what was typed and then act, and the preview."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from landingpages import editing, publishing, undoing
from landingpages.acts import Outcome, act
from landingpages.block_form import BlockForm, form_of
from landingpages.builder_forms import languages
from landingpages.builder_state import PART_HELP, PARTS, SCHEMES, WIDTHS, State, findings, rows
from landingpages.kinds import palette
from landingpages.models import Block, LandingPage, Part
from landingpages.preview_views import seen_as
from landingpages.views import crumbs, find, frame, shown_revision
from profiles import mergefields
from profiles.backoffice import backoffice_view, operator, render


@backoffice_view("landingpages.view_landingpage")
def build(request: HttpRequest, page_id: int) -> HttpResponse:
    """The page as it is edited. Every button posts to here; who may not change it can look."""
    page = find(page_id)
    if request.method == "POST":
        return _change(request, page)
    state, _focus = State.read(request.GET).pressed(request.GET)
    state = _where_it_is(page, state)
    return _builder(request, page, state, _form(page, state))


def _change(request: HttpRequest, page: LandingPage) -> HttpResponse:
    """Save what was typed, then do what was pressed, both or neither; then show it."""
    if not request.user.has_perm("landingpages.change_landingpage"):
        raise PermissionDenied(_("You may not change landing pages: ask an administrator for the right to do so."))
    state = State.read(request.POST)
    form = _form(page, state, request.POST, request.FILES)
    if form and not form.is_valid():
        return _builder(request, page, state, form, status=422)
    page.revision = shown_revision(request)
    try:
        with transaction.atomic():
            outcome = _save_and_act(request, page, state, form)
    except (editing.EditConflict, editing.NoSuchBlock):
        return _conflict(request, find(page.pk), state, form)
    except undoing.NothingToUndo:
        outcome = Outcome(state, said=_("There is nothing to undo any more."))
    if outcome.said:
        messages.success(request, outcome.said)
    return redirect(outcome.state.address(reverse("landingpages:build", args=[page.pk]), outcome.focus))


def _save_and_act(request: HttpRequest, page: LandingPage, state: State, form: BlockForm | None) -> Outcome:
    """Raises EditConflict and NoSuchBlock; the caller's transaction then drops both."""
    by, said = operator(request), ""
    if form and form.has_changed():
        editing.change(page, state.block, form.values() | form.picture(by=by), by=by)
        said = _("Saved.")
    button = request.POST.get("do")
    outcome = act(page, button, state, by=by) if button else Outcome(*state.pressed(request.POST))
    return outcome if outcome.said else Outcome(outcome.state, outcome.focus, said)


def _where_it_is(page: LandingPage, state: State) -> State:
    """The state with that one of the three pages which has the chosen block."""
    chosen = next((block for block in page.every_block.all() if str(block.key) == state.block), None)
    return replace(state, part=chosen.part) if chosen else state


def _form(page: LandingPage, state: State, data: Any = None, files: Any = None) -> BlockForm | None:
    return form_of(page, state.block, data, files)


def _chosen(page: LandingPage, state: State) -> Block | None:
    return next((block for block in page.every_block.all() if (str(block.key), block.part) == (state.block, state.part)), None)


def _conflict(request: HttpRequest, page: LandingPage, state: State, typed: BlockForm | None) -> HttpResponse:
    """What is stored now, with what was typed in the settings."""
    if typed is None or not typed.has_changed():
        return _builder(request, page, state, _form(page, state), status=409, conflict="stale")
    is_gone = _chosen(page, state) is None
    return _builder(request, page, state, typed, status=409, conflict="gone" if is_gone else "typed")


def _builder(
    request: HttpRequest, page: LandingPage, state: State, form: BlockForm | None, *, status: int = 200, conflict: str = ""
) -> HttpResponse:
    checks, every = publishing.checks(page), list(page.every_block.all())
    context: dict[str, Any] = {
        "state": state,
        "form": form,
        "conflict": conflict,
        "chosen": _chosen(page, state),
        "focus": request.GET.get("focus", ""),
        "rows": rows([block for block in every if block.part == state.part], state, checks),
        "findings": findings(every, state.lang, checks),
        "last": undoing.last_change(page),
        "palette": palette(state.part),
        "parts": PARTS.items(),
        "languages": languages(),
        "widths": WIDTHS.items(),
        "merge_fields": mergefields.FIELDS,
        "schemes": SCHEMES.items(),
        "visitor": seen_as(request, state),
        "visitors_url": state.address(reverse("landingpages:visitors", args=[page.pk])),
        "part_label": PARTS[state.part],
        "part_help": PART_HELP.get(Part(state.part)),
        "preview_url": state.address(reverse("landingpages:preview", args=[page.pk])),
    }
    template = "landingpages/build.html"
    return render(request, template, title=page.label, crumbs=crumbs(), status=status, **context, **frame(page))
