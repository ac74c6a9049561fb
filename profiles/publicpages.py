"""What every page without a login shares: strict headers, the reader's language, shortened networks."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from profiles import brands

STRICT_CSP = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
CSP_WITH_SCRIPT = STRICT_CSP + "; script-src 'self'"
# For the back office's own frames: no script, no form that can be sent, no origin.
PREVIEW_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self';"
    " sandbox allow-popups"
)


def respond(
    request: HttpRequest,
    template: str,
    status: int = 200,
    *,
    csp: str = STRICT_CSP,
    brand: Mapping[str, Any] | None = None,
    **context: Any,
) -> HttpResponse:
    """The page with the headers that keep it out of stores, frames, indexes and referrers; `brand` as brands.freeze() gave it."""
    response = render(request, template, {"brand": brands.shown(brand), **context}, status=status)
    response.headers["Content-Security-Policy"] = csp  # the middleware leaves what is set
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    return response


def language(request: HttpRequest, available: Sequence[str], preferred: str = "") -> str:
    """The language to answer in: chosen by ?lang=, else preferred, else the browser's; the first available if none is."""
    wanted = (request.GET.get("lang", ""), preferred, translation.get_language_from_request(request))
    return next((code for code in wanted if code in available), available[0])


def network(request: HttpRequest) -> str:
    """The network that a request comes from; behind PROXIES, what the first of them saw, and nothing a visitor can write."""
    client = request.META.get("REMOTE_ADDR", "")
    if settings.PROXIES:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        client = forwarded[-min(settings.PROXIES, len(forwarded))].strip()
    return shortened(client)


def shortened(ip: str) -> str:
    """The network that an address belongs to: /24 of IPv4, /48 of IPv6; empty for anything else."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    network = ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    return str(network.network_address)


def masked(email: str) -> str:
    """m•••e@example.org: enough to recognise one's own address, too little to learn somebody's."""
    local, _at, domain = email.rpartition("@")
    if not local:
        return ""
    return f"{local[0]}•••{local[-1] if len(local) > 2 else ''}@{domain}"


def masked_mobile(mobile: str) -> str:
    """+33•••78: enough to recognise one's own number."""
    return f"{mobile[:3]}•••{mobile[-2:]}" if len(mobile) > 7 else ""
