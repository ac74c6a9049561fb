"""A landing page as visitors would see it, for the frame of the builder. Its button does nothing."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from landingpages import publishing
from landingpages.builder_state import State
from landingpages.forms import form_class
from landingpages.models import LandingPage, PublishedVersion
from landingpages.views import find
from profiles import brands
from profiles.backoffice import backoffice_view
from profiles.publicpages import PREVIEW_CSP, respond

TEMPLATES = {"confirmation": "landingpages/public_confirmation.html"}


@backoffice_view("landingpages.view_landingpage")
@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest, page_id: int) -> HttpResponse:
    """The page as it is edited, or as ?version= froze it; ?part= shows what follows its button."""
    content = _content(request, find(page_id))
    state = State.read(request.GET)
    with translation.override(state.lang):
        text = content["texts"].get(state.lang, {}).get(state.part, "")
        shown = {"told": text} if state.part == "confirmation" else {"problem": text, "form": form_class(content, state.lang)()}
        template = TEMPLATES.get(state.part, "landingpages/public_page.html")
        return respond(
            request, "landingpages/preview.html", csp=PREVIEW_CSP, brand=brands.of_version(content), extended=template, **shown
        )


def _content(request: HttpRequest, page: LandingPage) -> dict[str, Any]:
    number = request.GET.get("version", "")
    if not number.isdecimal():
        return publishing.snapshot(page)
    content: dict[str, Any] = get_object_or_404(PublishedVersion, page=page, number=int(number[:9])).content
    return content
