"""Test a page before, or after, visitors meet it: whom to be, the page itself, and what sending it would do."""

import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt

from landingpages import public_views, submissions, trials
from landingpages.confirm_views import in_words
from landingpages.memberships import SERVICE
from landingpages.models import LandingPage
from landingpages.trials import AGES, EDITED, Rehearsal, TrialVisit
from landingpages.views import crumbs, find, frame
from profiles import aliases, publicpages
from profiles.backoffice import backoffice_view, render, typed
from profiles.models import Profile

FOUND = 10  # profiles that a search shows
STRANGER = "stranger"


class ChoiceForm(forms.Form):
    """What is tested, and for whom."""

    version = forms.ChoiceField(label=gettext_lazy("Page"), required=False)
    visitor = forms.CharField(required=False, widget=forms.HiddenInput)
    age = forms.ChoiceField(label=gettext_lazy("Her link is"), choices=list(AGES.items()), required=False)

    service = forms.ChoiceField(label=gettext_lazy("Service of the address"), required=False)

    def __init__(self, page: LandingPage, data: Any) -> None:
        super().__init__(data)
        names = list(page.served) if page.service_from_url else []
        if names:
            self.fields["service"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        else:
            del self.fields["service"]
        version = page.version
        published = [(str(version.number), _("version %(number)s, published") % {"number": version.number})] if version else []
        self.fields["version"].choices = [(EDITED, _("as it is edited")), *published]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> tuple[str, str, str]:
        """Version, visitor and age; the first of each where nothing else is offered."""
        given = self.cleaned_data if self.is_valid() else {}
        return given.get("version") or EDITED, given.get("visitor") or STRANGER, given.get("age") or next(iter(AGES))

    @property
    def query(self) -> str:
        """The service, as the address of the page would name it; the first one until another is chosen."""
        if "service" not in self.fields:
            return ""
        first = next(iter(self.fields["service"].choices))[0]  # type: ignore[attr-defined]
        return "?" + urlencode({SERVICE: self.cleaned_data.get("service") or first if self.is_valid() else first})


@backoffice_view("landingpages.test_landingpage")
def choose(request: HttpRequest, page_id: int) -> HttpResponse:
    """The choices, and the page in a frame; it works without the frame as well."""
    page = find(page_id)
    form = ChoiceForm(page, request.GET)
    version, visitor, age = form.chosen
    profile = _profile(request, visitor)
    query = typed(request, "q")
    may_see = request.user.has_perm("profiles.view_profile")
    context: dict[str, Any] = {
        "form": form,
        "profile": profile,
        "q": query,
        "found": list(Profile.objects.matching(query)[:FOUND]) if query and may_see else [],
        "chosen": {"version": version, "age": age},
        "is_old_enough": age != "before" or (profile is not None and trials.before_opt_out(profile) is not None),
        "target": _base(page, version, visitor if profile else STRANGER, age) + form.query,
    }
    return render(request, "landingpages/test.html", title=_("Test"), crumbs=crumbs(page), **context, **frame(page))


@backoffice_view("landingpages.test_landingpage")
@xframe_options_sameorigin
@csrf_exempt  # the form is a visitor's, and writes nothing; the session's cookie does not come with forms of other sites
def trial(request: HttpRequest, page_id: int, version: str, visitor: str, age: str, part: str = "") -> HttpResponse:
    """The page as the chosen visitor meets it. Its forms lead back to here, where they are sent for nothing."""
    page = find(page_id)
    tested, profile = trials.version_of(page, version), _profile(request, visitor)
    if tested is None or age not in AGES or part not in ("", "fresh-link") or (profile is None and visitor != STRANGER):
        raise Http404
    visit = trials.visit_for(page, tested, _base(page, version, visitor, age), profile, age, request.GET.get(SERVICE, ""))
    preferred = profile.preferred_language if profile else ""
    own_language = translation.get_language()
    with translation.override(publicpages.language(request, visit.languages, preferred)):
        return _shown(request, visit, part, own_language)


def _shown(request: HttpRequest, visit: TrialVisit, part: str, language: str) -> HttpResponse:
    view = public_views.fresh_link_answer if part else public_views.answer
    if request.method != "POST":
        return _framed(request, visit, view(request, visit), None, language)
    done = trials.rehearse(visit, lambda: view(request, visit))
    return _framed(request, visit, done.response, done, language)


def _framed(
    request: HttpRequest, visit: TrialVisit, response: HttpResponse, done: Rehearsal | None, language: str
) -> HttpResponse:
    """The very answer with a banner above it; nothing in it can be sent to the page that works."""
    with translation.override(language):
        banner = render_to_string("landingpages/trial_banner.html", _told(request, visit, response, done), request)
    if "Location" in response.headers:
        where = [response.headers["Location"]]
        response = publicpages.respond(request, "landingpages/public_message.html", title=_("Redirection"), paragraphs=where)
    body = response.content.decode()
    framed, found = re.subn(r"<body[^>]*>", lambda match: match[0] + banner, body, count=1)
    if not found:
        raise ValueError("an answer without a body cannot be marked as a test")
    response.content = framed.encode()
    own = request.build_absolute_uri(reverse("landingpages:test", args=[visit.page.pk]))
    policy = response.headers["Content-Security-Policy"].replace("form-action 'self'", f"form-action {own}")
    response.headers["Content-Security-Policy"] = re.sub("frame-ancestors [^;]*", "frame-ancestors 'self'", policy)
    return response


def _told(request: HttpRequest, visit: TrialVisit, response: HttpResponse, done: Rehearsal | None) -> dict[str, Any]:
    may_see = request.user.has_perm("profiles.view_profile")
    waiting = done.waiting if done else []
    return {
        "done": done,
        "may_see": may_see,
        "status": response.status_code,
        "visit": visit,
        "key": _key_in_words(visit),
        "waiting": [(change, publicpages.masked(change.address), in_words(change)) for change in waiting],
        "notices": [(notice.get_kind_display(), publicpages.masked(notice.address)) for notice in (done.notices if done else [])],
        "again": visit.base,
    }


def _key_in_words(visit: TrialVisit) -> str:
    labels = submissions.field_labels()
    return " + ".join(labels.get(name, name) for name in visit.content["settings"]["reconciliation_key"].split("+"))


def _profile(request: HttpRequest, visitor: str) -> Profile | None:
    """The profile that the address names, for who may see profiles; None for a stranger."""
    if not (visitor.isdecimal() and len(visitor) < 19 and request.user.has_perm("profiles.view_profile")):
        return None
    return aliases.in_bulk([int(visitor)]).get(int(visitor))


def _base(page: LandingPage, version: str, visitor: str, age: str) -> str:
    return reverse("landingpages:trial", args=[page.pk, version, visitor, age])
