"""Pages behind the links of proofs: they work as for a recipient who is made up, and nothing is written."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation

from landingpages import visits
from landingpages.models import LandingPage
from landingpages.visits import Visit
from profiles import links, publicpages
from profiles.links import InvalidLink, Link, Purpose
from profiles.models import Profile

# Somebody who is never stored for good, and whose address nobody has (RFC 2606).
SAMPLE = {"pk": 0, "first_name": "Camille", "last_name": "Exemple", "email": "camille@example.com", "preferred_language": ""}


@dataclass(frozen=True)
class ProofVisit(Visit):
    """A visit whose forms lead back to the link of the proof."""

    base: str = ""

    def address(self, name: str) -> str:
        return self.base


def find(token: str, service: str) -> ProofVisit | None:
    """The page that the link of a proof is about; None for any other link."""
    try:
        read = links.read_token(token, Purpose.PROOF)
    except InvalidLink:
        return None
    page = LandingPage.objects.filter(pk=read.page).select_related("version").first()
    if page is None or page.version is None:
        return None
    profile = Profile(**SAMPLE)
    link = Link(Purpose.PAGE, profile.public_id, read.delivery, read.page, timezone.now())
    return ProofVisit(page, page.version, link, profile, service)


def answer(request: HttpRequest, visit: ProofVisit, view: Callable[[HttpRequest, Visit], HttpResponse]) -> HttpResponse:
    """What the view answers; all that it writes is taken back."""
    visit = replace(visit, base=request.path)
    with translation.override(publicpages.language(request, visit.languages)):
        if request.method != "POST":
            return _marked(view(request, _whole(visit)))
        with transaction.atomic():
            if visit.profile:
                visit.profile.save(force_insert=True)
            response = view(request, _whole(visit))
            transaction.set_rollback(True)
        return _marked(response)


def _marked(response: HttpResponse) -> HttpResponse:
    """The very answer that others get, with a note above it."""
    note = render_to_string("public/proof_note.html")
    response.content = re.sub(r"<body[^>]*>", lambda match: match[0] + note, response.content.decode(), count=1).encode()
    return response


def _whole(visit: ProofVisit) -> ProofVisit:
    return visits.with_own_services(visit) if visit.is_centre else visit
