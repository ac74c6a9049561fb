"""A page as the holder of a genuine link sees it: 30 days with what is stored, later only to stop what is sent."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import limits, looks, memberships, submission, visitors, visits
from landingpages.forms import PageForm, Stored, form_class, initial_for
from landingpages.public_answers import centre_offer, closed, confirmed, frame, say, show
from landingpages.submission import Outcome
from landingpages.visits import Visit
from profiles import publicpages
from profiles.channels import ANY_CHANNEL, OPT_OUT_LABELS
from profiles.consent import Evidence
from profiles.models import Profile, Service, Source

BOXES = "boxes"  # name of the hidden input with the services that the preference centre showed
MASKED = "masked"  # the address that the page shows, no input
VERSION = "version"  # name of the hidden input that ends a form: which version the person read


class StopForm(forms.Form):
    """The boxes of the page, each worded as what stops: it only adds, so nothing is prefilled."""

    stop = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": gettext_lazy("Tick at least one box.")}
    )

    def __init__(self, scopes: list[str], services: dict[int, Service], data: Any = None) -> None:
        super().__init__(data)
        self.told = {scope: str(label) for scope, label in OPT_OUT_LABELS.items() if scope in scopes}
        for number, service in services.items():
            self.told[memberships.key(number)] = _("No longer receive “%(service)s”") % {"service": service.public_label}
        choices = list(self.told.items())
        self.fields["stop"] = forms.MultipleChoiceField(
            choices=choices, widget=self.fields["stop"].widget, error_messages=self.fields["stop"].error_messages
        )


def page(request: HttpRequest, visit: Visit, profile: Profile) -> HttpResponse:
    """What a link opens. A page that is closed takes nothing any more but what stops mail, from whoever has it open."""
    if request.method == "POST" and "undo" in request.POST:
        return _undo(request, visit)
    if request.method == "POST" and "fresh-link" in request.POST:
        return _fresh_link(request, visit, profile) if visit.is_open and not visit.is_frozen else closed(request, visit)
    if visit.is_fresh and visit.is_open:
        return _fresh(request, visit, profile)
    return _aged(request, visit, profile)


def _fresh(request: HttpRequest, visit: Visit, profile: Profile) -> HttpResponse:
    if request.method != "POST":
        return _opened(request, visit, profile)
    shown = _as_shown(request, visit)
    if shown is None:
        form = _form_for(visit, profile)
        return show(request, visit, form, 422, fault=limits.changed_meanwhile(), **_context(visit, profile))
    visit = shown
    form = _form_for(visit, profile, request.POST)
    context = _context(visit, profile)
    if not form.is_as_shown:
        return show(request, visit, form, 422, fault=limits.changed_meanwhile(), **context)
    if not form.is_valid() or visit.link is None:
        return show(request, visit, form, 422, **context)
    outcome = submission.submit(
        visit.version, profile, visit.link, form, evidence=_evidence(request, visit), source=_source(request, visit)
    )
    return _confirmed(request, visit, form, outcome)


def _opened(request: HttpRequest, visit: Visit, profile: Profile) -> HttpResponse:
    """The form with what the page may show of the profile."""
    blank = looks.plain_form(visit.version, translation.get_language())
    if blank is None:
        return show(request, visit, _form_for(visit, profile), **_context(visit, profile))
    shown, texts = looks.marked(blank, {MASKED: Stored(publicpages.masked(profile.email)), **_initial(visit, profile)})
    look = looks.look(visit.version, blank.language, "form", shown)

    def render() -> HttpResponse:
        form = blank(initial=shown, visitor=visitors.of(visit.content, profile))
        return show(request, visit, form, **_context(visit, profile) | {"masked": shown[MASKED]})

    return looks.answer(look, texts, render)


def _confirmed(request: HttpRequest, visit: Visit, form: PageForm, outcome: Outcome) -> HttpResponse:
    """The confirmation page, which may greet with what was just submitted."""
    can_undo = visit.acts_on_arrival and visits.can_undo(visit)
    notes = _notes(outcome)

    def render() -> HttpResponse:
        seen = form.visitor.after(form.bound_values())
        return confirmed(request, visit, *notes, visitor=seen, can_undo=can_undo, again=visit.is_centre)

    if notes or can_undo or looks.plain_form(visit.version, form.language) is None:
        return render()
    return looks.answer(looks.look(visit.version, form.language, "confirmation"), [], render)


def _as_shown(request: HttpRequest, visit: Visit) -> Visit | None:
    return visits.as_shown(visit, request.POST.get(VERSION, ""), request.POST.get(BOXES, ""))


def _aged(request: HttpRequest, visit: Visit, profile: Profile) -> HttpResponse:
    """Nothing that is stored shows; boxes can be ticked, and a fresh link asked for (design decision 6)."""
    stop = StopForm(visit.scopes, visit.services, request.POST if request.method == "POST" else None)
    told = {name: f"☑ {label}" for name, label in stop.told.items()}
    form = _form(visit)()
    if request.method == "POST" and visit.stops_by_its_button:
        visit = visits.as_shown(visit, request.POST.get(VERSION, "")) or visit
        stopped = [ANY_CHANNEL if visit.is_blocklist else memberships.key(memberships.own_service(visit.content))]
        told = {stopped[0]: submission.button_wording(_form(visit)())}
    elif stop.is_bound and stop.is_valid():
        stopped = stop.cleaned_data["stop"]
    else:
        return _offer(request, visit, form, stop)
    submission.tighten(
        visit.version,
        profile,
        [name for name in stopped if name in OPT_OUT_LABELS],
        [number for number in visit.services if memberships.key(number) in stopped],
        evidence=_evidence(request, visit),
        wordings=told,
        source=_source(request, visit),
        language=translation.get_language(),
    )
    return confirmed(request, visit, can_undo=visits.can_undo(visit))


def _offer(request: HttpRequest, visit: Visit, form: PageForm, stop: StopForm) -> HttpResponse:
    """The page of an old link, and of a link to a page that was closed since."""
    if not visit.is_open and visit.content["settings"]["redirection_url"]:
        return closed(request, visit)
    status = 410 if not visit.is_open else 422 if stop.is_bound else 200
    template = "landingpages/public_aged.html"
    shared = frame(visit) | _arrival(visit) | centre_offer(visit)
    return publicpages.respond(request, template, status, form=form, stop=stop, visit=visit, **shared)


def _fresh_link(request: HttpRequest, visit: Visit, profile: Profile) -> HttpResponse:
    evidence = _evidence(request, visit)
    asked = submission.renew_link(visit, profile, evidence=evidence, language=translation.get_language())
    address = publicpages.masked(profile.email)
    told = _("A link is on its way to %(address)s. It works for 30 days.") if asked else _too_soon()
    return say(request, 200, _("Look into your mailbox"), told % {"address": address}, **frame(visit))


def _undo(request: HttpRequest, visit: Visit) -> HttpResponse:
    evidence = _evidence(request, visit, wording=_("Undo"))
    if submission.undo(visit, evidence=evidence, language=translation.get_language()):
        return say(request, 200, _("Undone"), _("Everything is as it was before you opened the page."), **frame(visit))
    told = _("It was longer ago, or you have chosen something else since. Nothing was changed.")
    return say(request, 409, _("This cannot be undone any more"), told, **frame(visit))


def _notes(outcome: Outcome) -> list[str]:
    notes = [
        _("To finish, open the mail that is on its way to %(address)s and confirm there.") % {"address": address}
        for address in outcome.asked
    ]
    if outcome.is_too_soon:
        notes.append(_("Part of it has to be confirmed by email.") + " " + _too_soon())
    notes += [
        _("“%(service)s” takes no new subscriptions at the moment.") % {"service": service.public_label}
        for service in outcome.closed
    ]
    if outcome.is_impossible:
        notes.append(
            _("Part of it has to be confirmed by email, and we know no email address of yours: that part was left as it is.")
        )
    return notes


def _too_soon() -> str:
    return _("We sent you a mail a few minutes ago: look into your mailbox, or try again later.")


def _initial(visit: Visit, profile: Profile) -> dict[str, Any]:
    return initial_for(visit.content, profile, show_data=visit.content["settings"]["preload_data"])


def _context(visit: Visit, profile: Profile) -> dict[str, Any]:
    boxes = ",".join(str(number) for number in memberships.service_ids(visit.content)) if visit.is_centre else ""
    return {
        "masked": publicpages.masked(profile.email),
        "version": visit.version.number,
        "boxes": boxes,
        "asks_mobile": _asks_mobile(visit),
        **_arrival(visit),
    }


def _asks_mobile(visit: Visit) -> bool:
    return any(block["field"] == "mobile" for block in visit.content["blocks"])


def _form_for(visit: Visit, profile: Profile, data: Any = None) -> PageForm:
    """The form with what the page may show of the profile, and with the blocks that are meant for her."""
    visitor = visitors.of(visit.content, profile)
    return _form(visit)(data, initial=_initial(visit, profile), visitor=visitor)


def _form(visit: Visit) -> type[PageForm]:
    language = translation.get_language()
    return looks.plain_form(visit.version, language) or form_class(visit.content, language)


def _arrival(visit: Visit) -> dict[str, Any]:
    """Pages that act on arrival have a script, and no other page has."""
    return {"arrives": True, "csp": publicpages.CSP_WITH_SCRIPT} if visit.acts_on_arrival and visit.is_open else {}


def _source(request: HttpRequest, visit: Visit) -> Source:
    arrived = visit.acts_on_arrival and request.POST.get("arrival") == "yes"
    return Source.PAGE_OPENED if arrived else Source.LANDING_PAGE


def _evidence(request: HttpRequest, visit: Visit, wording: str = "") -> Evidence:
    network = publicpages.network(request)
    return submission.evidence_for(visit.version, network=network, link=visit.link, wording=wording)
