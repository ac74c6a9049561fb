"""The pages that recipients open from a message: no login, no session, no script. Only POST changes anything."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from deliveries import unsubscribing
from deliveries.models import Delivery
from landingpages import centre
from profiles import links, publicpages
from profiles.consent import Evidence
from profiles.links import InvalidLink, Link, Purpose
from profiles.models import Profile, Source

ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058 section 3.2
ONE_CLICK_WORDING = "List-Unsubscribe=One-Click"
CHOICES = {
    "email": gettext_lazy("no more emails"),
    "sms": gettext_lazy("no more text messages"),
    "push": gettext_lazy("no more push notifications"),
    "direct_mail": gettext_lazy("no more mail by post"),
    "all": gettext_lazy("nothing any more, by any channel"),
}


class ScopesForm(forms.Form):
    """What should stop; it only adds, so nothing is prefilled and nothing that is stored shows."""

    scopes = forms.MultipleChoiceField(
        choices=list(CHOICES.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one box.")},
    )


# The signed token is what allows the act; a mail client that posts one click has no CSRF token (RFC 8058).
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST", "OPTIONS"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a page with a button; POST with RFC 8058's body, or from the button, opts out and then answers 200."""
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": "GET, HEAD, POST, OPTIONS"})
    try:
        link = links.read_token(token, Purpose.ONE_CLICK, Purpose.PERSONAL, Purpose.PROOF)
    except InvalidLink:
        return _invalid(request)
    if link.purpose == Purpose.PROOF:
        return _proof(request, link)
    asked = unsubscribing.find(link)
    if asked is None:
        return _invalid(request)
    with translation.override(_language(request, asked.profile)):
        if link.purpose == Purpose.PERSONAL:
            return _personal(request, asked.profile)
        return _one_click(request, asked)


def _one_click(request: HttpRequest, asked: unsubscribing.Request) -> HttpResponse:
    by_client = request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]
    by_button = request.POST.get("confirm") == "yes"
    if request.method == "POST" and (by_client or by_button):
        source = Source.ONE_CLICK if by_client else Source.UNSUBSCRIBE_PAGE
        wording = ONE_CLICK_WORDING if by_client else asked.sentence
        unsubscribing.act(asked, source=source, evidence=_evidence(request, wording, asked.delivery))
        return _page(request, "public/unsubscribed.html", asked.profile, asked=asked)
    return _page(request, "public/unsubscribe.html", asked.profile, asked=asked)


def _proof(request: HttpRequest, link: Link) -> HttpResponse:
    """What the real link of this message would answer, to whoever has the proof. Nothing is written, whatever is posted."""
    asked = unsubscribing.as_proof(link)
    is_done = request.method == "POST"
    template = "public/unsubscribed.html" if is_done else "public/unsubscribe.html"
    return _page(request, template, asked.profile, asked=asked, is_proof=True)


def _personal(request: HttpRequest, profile: Profile) -> HttpResponse:
    form = ScopesForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        scopes = [scope for scope in CHOICES if scope in form.cleaned_data["scopes"]]
        wording = "; ".join(str(CHOICES[scope]) for scope in scopes)
        unsubscribing.tighten(profile, scopes, evidence=_evidence(request, wording, None))
        return _page(request, "public/tightened.html", profile, choices=[CHOICES[scope] for scope in scopes])
    return _page(request, "public/personal.html", profile, form=form)


def _page(request: HttpRequest, template: str, profile: Profile, **context: Any) -> HttpResponse:
    """Minimal: a mail may have been forwarded, so the address is masked and nothing else of the profile shows."""
    return publicpages.respond(request, template, 200, masked=publicpages.masked(profile.email), **_centre(), **context)


def _invalid(request: HttpRequest) -> HttpResponse:
    """One answer for malformed, forged, expired and unknown, so that nothing can be learned from it."""
    return publicpages.respond(request, "public/invalid.html", 404, **_centre())


def _centre() -> dict[str, Any]:
    """The way to the preference centre; this link opens nothing there (design decision 6)."""
    url = centre.public_url()
    return {"centre": f"{url}?lang={translation.get_language()}"} if url else {}


def _language(request: HttpRequest, profile: Profile) -> str:
    known = dict(settings.LANGUAGES)
    return profile.preferred_language if profile.preferred_language in known else translation.get_language_from_request(request)


def _evidence(request: HttpRequest, wording: str, delivery: Delivery | None) -> Evidence:
    return Evidence(
        wording=wording,
        delivery_id=delivery.pk if delivery else None,
        delivery_label=delivery.label if delivery else "",
        request_id=str(uuid.uuid4()),
        ip=publicpages.network(request),
    )
