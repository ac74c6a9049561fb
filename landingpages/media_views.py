"""The pictures that landing pages show, at addresses that never change what they answer."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from landingpages.models import Image

YEAR = 31_536_000  # seconds


@require_safe
def image(request: HttpRequest, digest: str) -> HttpResponse:
    """One picture by the digest of its bytes; whatever a file pretends to be, no browser takes it for anything else."""
    found = Image.objects.filter(digest=digest).first()
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found.content), content_type=found.type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the sandboxed preview has no origin
    response.headers["Content-Disposition"] = "inline"
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
