"""The pictures that landing pages show, at addresses that never change what they answer."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from landingpages.models import Image
from profiles.pictures import HEADERS


@require_safe
def image(request: HttpRequest, digest: str) -> HttpResponse:
    """One picture by the digest of its bytes."""
    found = Image.objects.filter(digest=digest).first()
    if found is None:
        raise Http404
    return HttpResponse(bytes(found.content), content_type=found.type, headers=HEADERS)
