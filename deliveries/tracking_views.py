"""What mail programs ask for: the picture of an open, and the links that lead on. Heads and prefetches are not noted."""

import base64

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from deliveries import tracking
from deliveries.models import TrackedLink, TrackingKind
from profiles import links, programs, publicpages
from profiles.links import InvalidLink, Purpose

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@require_http_methods(["GET", "HEAD"])
def click(request: HttpRequest, token: str) -> HttpResponse:
    """On to the link that the author wrote; nowhere else, whatever the request says."""
    try:
        asked = links.read_token(token, Purpose.CLICK)
    except InvalidLink:
        return publicpages.respond(request, "public/invalid.html", 404)
    tracked = TrackedLink.objects.filter(pk=asked.page, delivery=asked.delivery).first()
    if tracked is None:
        return publicpages.respond(request, "public/invalid.html", 404)
    if programs.is_looked_at(request):
        tracking.record(TrackingKind.CLICK, asked, tracked=tracked, user_agent=_user_agent(request))
    return _not_kept(HttpResponseRedirect(tracked.url))


@require_http_methods(["GET", "HEAD"])
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The picture; the same for a link that nobody signed, which is not noted."""
    try:
        asked = links.read_token(token, Purpose.OPEN)
    except InvalidLink:
        return _not_kept(HttpResponse(PIXEL, content_type="image/gif", status=404))
    if programs.is_looked_at(request):
        tracking.record(TrackingKind.OPEN, asked, user_agent=_user_agent(request))
    return _not_kept(HttpResponse(PIXEL, content_type="image/gif"))


def _user_agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:500]


def _not_kept(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
