"""What the answers of all public pages of this app share."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from landingpages import centre, jobs, limits, memberships, showing
from landingpages.forms import PageForm
from landingpages.models import Part
from landingpages.showing import ShownBlock
from landingpages.visitors import STRANGER, Visitor
from landingpages.visits import Visit
from landingpages.wording import Wording
from profiles import brands, publicpages

View = Callable[..., HttpResponse]


def public(view: View) -> View:
    """A view for anybody: GET, HEAD and POST, no session, no cookie, and nothing larger than any form."""

    @wraps(view)
    def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > settings.PAGE_BYTES:
            return say(request, 413, _("That is too much"), _("Type less and send it again."))
        return view(request, *args, **kwargs)

    # The stamp of the form, or the token of the link, is what allows a POST: there is no session to ride on.
    return csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(bounded))


def say(request: HttpRequest, status: int, title: str, *paragraphs: str, **context: Any) -> HttpResponse:
    """A page with a title and sentences."""
    template = "landingpages/public_message.html"
    return publicpages.respond(request, template, status, title=title, paragraphs=paragraphs, **context)


def missing(request: HttpRequest) -> HttpResponse:
    """Nothing was ever published here."""
    return say(request, 404, _("There is no page here"), _("Check the address, or open the link of the message again."))


def closed(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A page that was online once: off to where its author sends visitors, else a sentence (design decision 13)."""
    if url := visit.content["settings"]["redirection_url"]:
        return HttpResponseRedirect(url, headers={"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    offer = centre_offer(visit)
    return say(request, 410, _("This page is no longer available"), _("It was closed by its author."), **offer, **frame(visit))


def centre_offer(visit: Visit) -> dict[str, Any]:
    """The way to the preference centre, where this page does not do what somebody came for."""
    url = "" if visit.is_centre else centre.public_url()
    return {"centre": f"{url}?lang={translation.get_language()}"} if url else {}


def takes_nobody(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A page that subscribes to a service outside its days."""
    service = visit.service.public_label if visit.service else ""
    told = _("“%(service)s” takes no new subscriptions at the moment.") % {"service": service}
    return say(request, 410, _("No new subscriptions"), told, **frame(visit))


def names_no_service(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A page that serves several services, opened for none of them."""
    told = _("This address does not say which service it is about. Open the link again that brought you here.")
    return say(request, 404, _("Which service?"), told, **frame(visit))


def show(request: HttpRequest, visit: Visit, form: PageForm, status: int = 200, **context: Any) -> HttpResponse:
    """The page's form; with another status than 200 the version's error text and what was typed."""
    problem = said(visit, Part.ERROR, form.visitor) if status != 200 else []
    template = "landingpages/public_page.html"
    return publicpages.respond(request, template, status, form=form, problem=problem, **frame(visit), **context)


def confirmed(request: HttpRequest, visit: Visit, *notes: str, visitor: Visitor = STRANGER, **context: Any) -> HttpResponse:
    """The version's confirmation page; `visitor` with what she has just sent."""
    told = said(visit, Part.CONFIRMATION, visitor)
    template = "landingpages/public_confirmation.html"
    return publicpages.respond(request, template, told=told, title=showing.title(told), notes=notes, **frame(visit), **context)


def said(visit: Visit, part: Part, visitor: Visitor) -> list[ShownBlock]:
    """What one of the two other pages says to this visitor, in the language in hand."""
    return showing.part(visit.content, part, Wording(visit.content, translation.get_language(), visitor))


def frame(visit: Visit) -> dict[str, Any]:
    """What stands around every page of a visit: its brand, and the languages to switch to, by their own names."""
    current = translation.get_language()
    named = [
        {"code": code, "name": _own_name(code), "query": query(visit, code), "is_current": code == current}
        for code in visit.languages
    ]
    return {"languages": named if len(named) > 1 else [], "brand": brands.of_version(visit.content)}


def stranger(visit: Visit, name: str = "page") -> dict[str, Any]:
    """What a form for somebody without a link carries: where it goes, its stamp and its trap."""
    action = f"{visit.address(name)}?{query(visit, translation.get_language())}"
    is_protected = jobs.is_protected(visit.content)
    return {"action": action, "stamp": limits.stamp(visit.version.pk), "is_stranger": True, "is_protected": is_protected}


def query(visit: Visit, language: str) -> str:
    """What an address of the visit ends with: the language, and the service where the address says which."""
    service = {memberships.SERVICE: visit.service_name} if jobs.names_services(visit.content) and visit.service else {}
    return urlencode({"lang": language} | service)


def _own_name(code: str) -> str:
    return str(translation.get_language_info(code)["name_local"]).capitalize()
