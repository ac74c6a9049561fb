"""A landing page as a visitor would see it, for the frame of the builder. Its button does nothing, and nothing is recorded."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods

from landingpages import editing, publishing, showing
from landingpages.block_form import form_of
from landingpages.builder_state import NOBODY, State
from landingpages.forms import form_class, initial_for
from landingpages.models import LandingPage, Part, PublishedVersion
from landingpages.views import crumbs, find
from landingpages.visitors import STRANGER, of
from landingpages.wording import Wording
from profiles import brands, searching
from profiles.backoffice import backoffice_view, render
from profiles.models import Profile
from profiles.publicpages import PREVIEW_CSP, masked, respond

TEMPLATES = {"confirmation": "landingpages/public_confirmation.html"}
FOUND = 20  # profiles that a search for a visitor shows


@backoffice_view("landingpages.view_landingpage")
@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
def preview(request: HttpRequest, page_id: int) -> HttpResponse:
    """The page as it is edited, or as ?version= froze it; POST: with the settings that are being typed, unsaved."""
    page = find(page_id)
    data = request.POST if request.method == "POST" else request.GET
    state = State.read(data)
    if request.method == "POST":
        _try_on(page, state, request.POST)
    content = _content(request, page)
    with translation.override(state.lang):
        shown = _shown(content, state, seen_as(request, state))
        template = TEMPLATES.get(state.part, "landingpages/public_page.html")
        shown |= {"extended": template, "scheme": data.get("scheme") and state.scheme}
        return respond(request, "landingpages/preview.html", csp=PREVIEW_CSP, brand=brands.of_version(content), **shown)


def _shown(content: dict[str, Any], state: State, profile: Profile | None) -> dict[str, Any]:
    """What the template of this part of the page needs; of a profile no more than its own link would show."""
    visitor = of(content, profile) if profile else STRANGER
    wording = Wording(content, state.lang, visitor)
    if state.part == Part.CONFIRMATION:
        told = showing.part(content, Part.CONFIRMATION, wording)
        return {"told": told, "title": showing.title(told)}
    preload = content["settings"]["preload_data"]
    initial = initial_for(content, profile, show_data=preload) if profile else None
    form = form_class(content, state.lang)(initial=initial, visitor=visitor)
    problem = showing.part(content, Part.ERROR, wording) if state.part == Part.ERROR else []
    return {"problem": problem, "form": form, "masked": masked(profile.email) if profile else ""}


def _try_on(page: LandingPage, state: State, typed: Any) -> None:
    """Give the page in hand, which is never saved, what is typed in the settings; as stored where that cannot be."""
    form = form_of(page, state.block, typed)
    block = next((one for one in page.every_block.all() if str(one.key) == state.block), None)
    if form and block and form.is_valid():
        editing.settle(block, form.values())


def seen_as(request: HttpRequest, state: State) -> Profile | None:
    """The chosen profile, for operators who may see profiles."""
    if state.visitor == NOBODY or not request.user.has_perm("profiles.view_profile"):
        return None
    return Profile.objects.filter(pk=int(state.visitor)).first()


@backoffice_view("profiles.view_profile")
@require_http_methods(["GET", "HEAD", "POST"])
def visitors(request: HttpRequest, page_id: int) -> HttpResponse:
    """Look for the profile to preview the page as. What is looked for is posted: it stands in no address and no log."""
    page = find(page_id)
    text = request.POST.get("who", "").replace("\0", "").strip()
    context: dict[str, Any] = {
        "text": text,
        "found": searching.search(Profile.objects.all(), text)[:FOUND] if text else [],
        "state": State.read(request.GET),
        "page": page,
    }
    return render(request, "landingpages/visitors.html", title=_("Preview as somebody"), crumbs=crumbs(page), **context)


def _content(request: HttpRequest, page: LandingPage) -> dict[str, Any]:
    number = request.GET.get("version", "")
    if not number.isdecimal():
        return publishing.snapshot(page)
    content: dict[str, Any] = get_object_or_404(PublishedVersion, page=page, number=int(number[:9])).content
    return content
