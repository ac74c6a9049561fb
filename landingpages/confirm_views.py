"""The page behind a confirmation mail: GET shows what will change, POST changes it."""

import uuid
from datetime import date

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from landingpages import memberships, messages, registration_views, registrations
from landingpages.models import PublishedVersion
from landingpages.public_answers import public, say
from profiles import aliases, customfields, links, pending, publicpages, regions, subscriptions
from profiles.channels import OPT_OUT_LABELS
from profiles.consent import Evidence
from profiles.links import InvalidLink, Purpose
from profiles.models import Gender, PendingChange, Profile, Service
from profiles.pending import State
from profiles.values import known_customs

NAMES = {
    "gender": lambda code: str(dict(Gender.choices).get(code, code)),
    "birth_date": lambda text: date_format(date.fromisoformat(text)),
    "country": regions.country_name,
    "preferred_language": regions.language_name,
}
MASKS = {"email": publicpages.masked, "mobile": publicpages.masked_mobile}


@public
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Apply a change once, however often the button is pressed; an expired link says so and changes nothing."""
    try:
        link = links.read_token(token, Purpose.CONFIRM)
    except InvalidLink:
        return _gone(request, 404)
    change = pending.find(link)
    if change is None:
        registration = registrations.find(link)
        return registration_views.confirm(request, registration) if registration else _gone(request, 404)
    available = [code for code, _name in settings.LANGUAGES]
    preferred = change.evidence.get("language") or change.profile.preferred_language
    with translation.override(publicpages.language(request, available, preferred)):
        if request.method == "POST":
            evidence = Evidence(request_id=str(uuid.uuid4()), ip=publicpages.network(request))
            if pending.apply(change, evidence=evidence):
                _tell(change)
            change.refresh_from_db()
        return _state(request, change)


def _tell(change: PendingChange) -> None:
    """The confirmation message of the page where it was asked for: now it is done."""
    version = PublishedVersion.objects.filter(pk=change.evidence.get("page_version_id") or 0).first()
    if version is None:
        return
    name = memberships.name_of(version.content, int(next(iter(change.services), 0)))
    content = memberships.resolved(version.content, name)
    messages.send(version, content, aliases.by_id(change.profile_id), language=change.evidence.get("language", ""))


def _state(request: HttpRequest, change: PendingChange) -> HttpResponse:
    state = pending.state(change)
    if state == State.EXPIRED:
        return _gone(request, 410)
    words = in_words(change)
    template = "landingpages/public_confirm.html"
    masked = publicpages.masked(change.address)
    return publicpages.respond(request, template, words=words, is_done=state == State.APPLIED, masked=masked)


def _gone(request: HttpRequest, status: int) -> HttpResponse:
    """One sentence for malformed, forged and expired."""
    told = _("It works for 7 days, and only whole: perhaps it was cut when it was copied. Nothing was changed by it.")
    return say(request, status, _("This link does not work any more"), told)


def in_words(change: PendingChange) -> list[str]:
    """What will change: "City: Lyon"; in the order and the words of the General tab, addresses masked."""
    fields = [
        _("%(field)s: %(value)s") % {"field": capfirst(str(field.verbose_name)), "value": _shown(field.name, change) or "–"}
        for field in Profile._meta.fields
        if field.name in change.fields
    ]
    customs = [
        _("%(field)s: %(value)s") % {"field": field.label, "value": customfields.in_words(field, change.fields[name]) or "–"}
        for name, field in known_customs(change.fields).items()
    ]
    boxes = [
        (_("%(box)s: yes") if change.choices[scope] else _("%(box)s: no longer")) % {"box": label}
        for scope, label in OPT_OUT_LABELS.items()
        if scope in change.choices
    ]
    return fields + customs + boxes + _services(change)


def _services(change: PendingChange) -> list[str]:
    """The services that are subscribed to or left; where one takes nobody any more, that."""
    found = Service.objects.in_bulk([int(key) for key in change.services])
    lines = []
    for key, subscribed in change.services.items():
        if service := found.get(int(key)):
            refused = subscribed and not (service.takes_subscriptions() or subscriptions.is_subscribed(change.profile, service))
            words = (
                _("“%(service)s” takes no new subscriptions at the moment.")
                if refused
                else _("Subscription to “%(service)s”")
                if subscribed
                else _("End of the subscription to “%(service)s”")
            )
            lines.append(words % {"service": service.public_label})
    return lines


def _shown(name: str, change: PendingChange) -> str:
    value = str(change.fields[name])
    return (MASKS | NAMES).get(name, str)(value) if value else ""
