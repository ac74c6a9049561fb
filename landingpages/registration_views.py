"""The page behind the mail of a double opt-in: GET shows what is asked, POST makes the profile."""

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from landingpages import memberships, reconciling, registrations
from landingpages.forms import form_class
from landingpages.models import Submission, SubmissionStatus
from landingpages.public_answers import say
from profiles import publicpages


def confirm(request: HttpRequest, one: Submission) -> HttpResponse:
    """Make the profile once, however often the button is pressed; after 7 days nothing is made of it."""
    content = one.version.content
    with translation.override(publicpages.language(request, content["languages"] or [one.language], one.language)):
        if request.method == "POST" and reconciling.confirm(one):
            one.refresh_from_db()
        if registrations.waiting().filter(pk=one.pk).exists():
            return _page(request, one)
        return _done(request, one)


def _page(request: HttpRequest, one: Submission) -> HttpResponse:
    template = "landingpages/public_registration.html"
    content = memberships.resolved(one.version.content, one.data.get(memberships.SERVICE, ""))
    title = form_class(content, translation.get_language())().title
    services = memberships.load(content)
    asked = [services[number].public_label for number, yes in memberships.answers(content, one.data).wanted.items() if yes]
    masked = publicpages.masked(one.data.get("email", ""))
    return publicpages.respond(request, template, title=title, services=asked, masked=masked)


def _done(request: HttpRequest, one: Submission) -> HttpResponse:
    if one.status == SubmissionStatus.APPLIED:
        return say(request, 200, _("Confirmed"), _("Thank you: your registration is recorded."))
    if one.status == SubmissionStatus.ASKED:
        told = _("One more step: open the mail that we have just sent you, and confirm there what it lists.")
        return say(request, 200, _("Look into your mailbox"), told)
    if one.status == SubmissionStatus.REFUSED:
        return say(request, 409, _("Nothing was changed"), _("We know this address already, or the page takes nobody any more."))
    told = _("It works for 7 days. Nothing was kept of what you sent: fill in the page again.")
    return say(request, 410, _("This link does not work any more"), told)
