"""How a delivery looks to one person: HTML, text and headers as they will be on the wire, links harmless. Nothing is stored."""

import email
import email.policy
import re
from email.message import EmailMessage
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods

from deliveries import blockediting, mailblocks, pictures
from deliveries.content_form import ContentForm
from deliveries.content_state import PARTS, ContentState, Person, person
from deliveries.content_views import find
from deliveries.harmless import HarmlessRenderer, content_of
from deliveries.mailblock_form import form_of
from deliveries.models import ContentMode, Delivery, TestProfile
from deliveries.views import crumbs
from landingpages.builder_state import SCHEMES, WIDTHS
from profiles import searching
from profiles.backoffice import backoffice_view, render
from profiles.models import Profile

FOUND = 10  # profiles that a search shows
# For what marketers write: no script and no origin of ours, but links that can be followed.
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'; frame-ancestors 'self'"
INSIDE = re.IGNORECASE | re.DOTALL
BASE = '<base target="_blank">'  # links open outside of the frame, where the pages that they lead to can be shown
# What a mail would ask the reader's system is answered here, whatever the operator's own says.
PAGES = {
    "light": "<style>html { color-scheme: light; }</style>",
    "dark": "<style>html { color-scheme: dark; background: #121212; }</style>",
}
DARK, ANSWERS = "(prefers-color-scheme: dark)", {"light": "not all", "dark": "all"}
SOMEWHERE = "somebody@example.com"  # the address of who has none


@backoffice_view("deliveries.view_delivery")
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The page around the preview. Whom somebody looks for is posted: it stands in no address and no log."""
    delivery, state = find(delivery_id), ContentState.read(request.GET, width="desktop")
    seen, fault = person(request, state), ""
    try:
        mail, size = _mail(content_of(delivery), seen)
    except ValueError as error:
        mail, size, fault = EmailMessage(), 0, str(error)
    may_see = request.user.has_perm("profiles.view_profile")
    text = request.POST.get("who", "").replace("\0", "").strip() if may_see else ""
    context: dict[str, Any] = {
        "delivery": delivery,
        "state": state,
        "seen": seen,
        "fault": fault,
        "size": size,
        "subject": mail.get("Subject", ""),
        "text": _part(mail, "plain"),
        "has_html": delivery.is_email and bool(_part(mail, "html").strip()),
        "headers": [(name, " ".join(str(value).split())) for name, value in mail.raw_items()],
        "who": text,
        "found": searching.search(Profile.objects.all(), text)[:FOUND] if text else [],
        "may_see": may_see,
        "tests": TestProfile.objects.filter(is_for_preview=True),
        "parts": PARTS.items(),
        "widths": WIDTHS.items(),
        "schemes": SCHEMES.items(),
        "frame_url": state.address(reverse("deliveries:preview_frame", args=[delivery.pk])),
    }
    return render(request, "deliveries/preview.html", title=_("Preview"), crumbs=crumbs(delivery), **context)


@backoffice_view("deliveries.view_delivery")
@xframe_options_sameorigin
@require_http_methods(["GET", "HEAD", "POST"])
def preview_frame(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The HTML of the mail. A POST brings what is typed in the editor; it is shown, and stored nowhere."""
    delivery = find(delivery_id)
    state = ContentState.read(request.POST if request.method == "POST" else request.GET)
    content = content_of(delivery)
    if request.method == "POST":
        content = content | _typed(request, delivery, state)
    try:
        mail, _size = _mail(content, person(request, state))
        html = _part(mail, "html") or f"<pre style='white-space: pre-wrap'>{escape(_part(mail, 'plain'))}</pre>"
    except ValueError as error:
        html = f"<p>{escape(_('This cannot be shown: %(why)s') % {'why': error})}</p>"
    html = pictures.here(html)
    added, html = BASE + PAGES[state.scheme], html.replace(DARK, ANSWERS[state.scheme])
    response = HttpResponse(re.sub(r"(<head[^>]*>|\A(?!.*<head))", lambda match: match[0] + added, html, count=1, flags=INSIDE))
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = "no-store"
    return response


def _typed(request: HttpRequest, delivery: Delivery, state: ContentState) -> dict[str, Any]:
    """What the form of the editor says now; as stored where it cannot be read."""
    form = ContentForm(request.POST, instance=find(delivery.pk))
    values = form.changes() if form.is_valid() else {}
    if delivery.content_mode == ContentMode.HTML:
        return {"tracked_links": [], "html": request.POST.get("html", delivery.html)}
    block_form = form_of(delivery.blocks, state.block, request.POST)
    blocks = delivery.blocks
    if block_form and block_form.is_valid() and any(block["key"] == state.block for block in blocks):
        blocks = blockediting.changed(blocks, state.block, block_form.values())
    return {"tracked_links": [], "html": mailblocks.compile_html(blocks, values.get("brand", delivery.brand))}


def _mail(content: dict[str, Any], seen: Person) -> tuple[EmailMessage, int]:
    """The mail as a reader's program takes it apart, and its bytes; ValueError where it cannot be made."""
    data = HarmlessRenderer(content).message(seen.profile, seen.address or SOMEWHERE).data
    if content["channel"] != "email":
        data = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + data
    return email.message_from_bytes(data, policy=email.policy.default), len(data)


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,)) if mail.is_multipart() or mail.get_content_subtype() == kind else None
    content: str = body.get_content() if body else ""
    return content
