"""The page behind the link to a former address: GET explains, POST stops everything (profiles.disputing)."""

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from landingpages.public_answers import public, say
from profiles import aliases, disputing, links, publicpages
from profiles.consent import Evidence
from profiles.links import InvalidLink, Purpose


@public
def dispute(request: HttpRequest, token: str) -> HttpResponse:
    """Freeze the profile, however often the button is pressed; nothing of it shows."""
    try:
        profile = aliases.by_public_id(links.read_token(token, Purpose.DISPUTE).public_id)
    except InvalidLink:
        profile = None
    if profile is None:
        told = _("Perhaps it was cut when it was copied. Nothing was changed by it.")
        return say(request, 404, _("This link does not work"), told)
    available = [code for code, _name in settings.LANGUAGES]
    with translation.override(publicpages.language(request, available, profile.preferred_language)):
        if request.method == "POST":
            wording = f"{_sentence()} · {_button()}"
            evidence = Evidence(wording=wording, request_id=str(uuid.uuid4()), ip=publicpages.network(request))
            disputing.dispute(profile, evidence=evidence)
            told = _("Nothing is sent to you or to the new address any more, until somebody of us has looked at it.")
            return say(request, 200, _("Everything is stopped"), told)
        template = "landingpages/public_dispute.html"
        return publicpages.respond(request, template, sentence=_sentence(), button=_button())


def _sentence() -> str:
    return _("We write to another address instead of yours now. If you did not ask for that, stop everything here.")


def _button() -> str:
    return _("It was not me: stop everything")
