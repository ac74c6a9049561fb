"""The pages that visitors open, with a link or without: no login, no session. Only POST changes anything."""

from copy import copy
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import embedding, jobs, limits, link_views, memberships, proofs, recording, visitcounts, visits
from landingpages.forms import PageForm, form_class
from landingpages.public_answers import (
    closed,
    confirmed,
    frame,
    missing,
    names_no_service,
    public,
    query,
    say,
    show,
    stranger,
    takes_nobody,
)
from landingpages.recording import FRESH_LINK_FOR
from landingpages.visits import Visit
from profiles import publicpages
from profiles.channels import Channel
from profiles.forms import AddressField


class AddressForm(forms.Form):
    """The address that a fresh link goes to."""

    address = AddressField(Channel.EMAIL, label=gettext_lazy("Your email address"), max_length=254)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["address"].required = True
        self.fields["address"].widget = forms.EmailInput({"autocomplete": "email", "maxlength": 254})


@public
def page(request: HttpRequest, slug: str, token: str = "") -> HttpResponse:
    """The page as its visitor may see it: for the profile behind a genuine link, for a stranger, or why there is none."""
    service = request.GET.get(memberships.SERVICE, "")
    visit = visits.find(slug, token, service)
    is_known = visit is not None and visit.link is not None
    if token and not is_known and (proof := proofs.find(token, service)):
        return proofs.answer(request, proof, answer)
    if visit is None:
        return missing(request)
    preferred = visit.profile.preferred_language if visit.profile else ""
    with translation.override(publicpages.language(request, visit.languages, preferred)):
        response = answer(request, visit)
    if response.status_code == 200:
        visitcounts.count(request, visit.version.pk)
    return embedding.allow(response, visit)


def answer(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What this visitor gets, in the language in hand."""
    if visit.names_no_service:
        return names_no_service(request, visit) if visit.is_open else closed(request, visit)
    if visit.is_open and visit.takes_nobody:
        return takes_nobody(request, visit)
    if visit.profile:
        return link_views.page(request, visit, visit.profile)
    return _stranger(request, visit) if visit.is_open else closed(request, visit)


def _stranger(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The same work, the same answer, whoever is meant: validate, keep it for the worker, say so (design decision 8)."""
    if not visit.content["settings"]["unidentified_allowed"]:
        return _ask_address(request, visit, AddressForm(), 200 if visit.is_centre else 404)
    blank = form_class(visit.content, translation.get_language())
    offer = _offer(visit)
    if request.method != "POST":
        return show(request, visit, blank(), **stranger(visit), **offer)
    form = blank(request.POST)
    status, fault = _refusal(request, visit, form)
    if status:
        is_current = limits.is_of(request.POST, visit.version.pk) or not (jobs.is_protected(visit.content) or fault)
        shown = form if is_current else form.without_boxes()
        return show(request, visit, shown, status, fault=fault, **stranger(visit), **offer)
    sent = form.bound_values()
    _keep(request, visit, sent)
    return confirmed(request, visit, _first_asked(visit, form), visitor=form.visitor.after(sent))


def _first_asked(visit: Visit, form: PageForm) -> str:
    """What has to be confirmed by email: the same sentence whoever is meant."""
    wanted = memberships.answers(visit.content, form.bound_values()).wanted
    if jobs.asks_double_opt_in(visit.content):
        return _("To finish, open the mail that we send you and confirm there.")
    if any(yes and visit.services[number].double_opt_in for number, yes in wanted.items() if number in visit.services):
        return _("To finish, open the mail that we send you and confirm your subscription there.")
    return _("If we know your address already, we first ask you by email.")


@public
def fresh_link(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a link to be sent to an address: the same answer whether we know it or not."""
    visit = visits.find(slug, service=request.GET.get(memberships.SERVICE, ""))
    if visit is None:
        return missing(request)
    with translation.override(publicpages.language(request, visit.languages)):
        return embedding.allow(fresh_link_answer(request, visit), visit)


@public
def embedded(request: HttpRequest, slug: str) -> HttpResponse:
    """What a form on another site sent, to be looked at and sent from here; nothing is written, whoever sends it."""
    visit = visits.find(slug, service=request.GET.get(memberships.SERVICE, ""))
    if visit is None:
        return missing(request)
    with translation.override(publicpages.language(request, visit.languages)):
        if request.method != "POST" or not (visit.is_open and visit.content["settings"]["unidentified_allowed"]):
            return answer(_without_form(request), visit)
        return _looked_at(request, visit)


def _looked_at(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The page's own form with what was typed elsewhere; its button sends it. Ticks of another version do not come along."""
    form = form_class(visit.content, translation.get_language())(request.POST)
    is_copy = embedding.is_of(request.POST, visit.version)
    fault = limits.trapped(request.POST) or ("" if is_copy else limits.changed_meanwhile())
    status = 422 if fault or not form.is_valid() else 200
    shown = form if is_copy and status != 200 else form.as_typed(boxes=is_copy)
    told = "" if status != 200 else _("Almost done: look at what you typed and send it.")
    return show(request, visit, shown, status, fault=fault, told=told, **stranger(visit), **_offer(visit))


def _without_form(request: HttpRequest) -> HttpRequest:
    """The request as one that only looks."""
    seen = copy(request)
    seen.method = "GET"
    return seen


def _offer(visit: Visit) -> dict[str, Any]:
    return {"fresh_link": f"{visit.address('fresh_link')}?{query(visit, translation.get_language())}"}


def fresh_link_answer(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What a stranger who asks for a link gets, in the language in hand."""
    if not visit.is_open:
        return closed(request, visit)
    if visit.names_no_service:
        return names_no_service(request, visit)
    if request.method != "POST":
        return _ask_address(request, visit, AddressForm())
    form = AddressForm(request.POST)
    status, fault = _refusal(request, visit, form)
    if status:
        return _ask_address(request, visit, form, status, fault=fault)
    _keep(request, visit, {FRESH_LINK_FOR: form.cleaned_data["address"]})
    told = _("If we know this address, a link is on its way to it. It works for 30 days.")
    return say(request, 200, _("Look into your mailbox"), told, **frame(visit))


def _refusal(request: HttpRequest, visit: Visit, form: forms.Form) -> tuple[int, str]:
    """Status and sentence for a form that is not taken; 0 for one that is. What was typed is never lost."""
    if fault := limits.fault(request.POST, visit.version):
        return 422, fault
    if not form.is_valid():
        return 422, ""
    if limits.is_crowded(publicpages.network(request)):
        return 429, _("Too many forms came from your network. Wait ten minutes and send it again.")
    if limits.is_stormed(visit.version):
        return 429, _("Too many forms came to this page. Wait ten minutes and send it again.")
    return 0, ""


def _keep(request: HttpRequest, visit: Visit, data: dict[str, Any]) -> None:
    service = {memberships.SERVICE: visit.service_name} if jobs.names_services(visit.content) else {}
    language = translation.get_language()
    recording.receive(visit.version, data | service, language=language, network=publicpages.network(request))


def _ask_address(request: HttpRequest, visit: Visit, form: AddressForm, status: int = 200, **context: Any) -> HttpResponse:
    """The page for those who need a link from us; 404 where they asked for a page that is not for strangers."""
    shared = frame(visit) | stranger(visit, "fresh_link") | {"is_centre": visit.is_centre} | context
    return publicpages.respond(request, "landingpages/public_address.html", status, form=form, **shared)
