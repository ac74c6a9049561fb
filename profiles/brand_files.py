"""Colours and logo of public pages, open to everybody and kept by browsers and proxies for a year.

A stylesheet whose address lists its colours needs no row, no nonce and no inline style: a published version that names
the address keeps its look whatever becomes of the brand.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from profiles import brands
from profiles.models import Logo
from profiles.pictures import HEADERS


@require_safe
def stylesheet(request: HttpRequest, colours: str) -> HttpResponse:
    text = brands.stylesheet(colours)
    if text is None:
        raise Http404
    return HttpResponse(text, content_type="text/css; charset=utf-8", headers=HEADERS)


@require_safe
def logo(request: HttpRequest, digest: str) -> HttpResponse:
    found = get_object_or_404(Logo, digest=digest)
    return HttpResponse(bytes(found.data), content_type=found.media_type, headers=HEADERS)
