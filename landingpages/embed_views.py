"""How a page comes onto another site: the sites that may frame it, and the snippets to copy."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import editing, embedding
from landingpages.forms import form_class
from landingpages.limits import TRAP
from landingpages.models import LandingPage
from landingpages.views import crumbs, find, frame, shown_revision
from profiles.backoffice import backoffice_view, operator, render


class OriginsForm(forms.Form):
    """The sites, one on each line."""

    origins = forms.CharField(
        label=gettext_lazy("Sites that may show the page in a frame"),
        required=False,
        max_length=6000,
        help_text=gettext_lazy("One on each line, such as https://www.example.org. Left empty, no site may."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "none", "placeholder": "https://"}),
    )

    def clean_origins(self) -> list[str]:
        return embedding.origins(self.cleaned_data["origins"])


@backoffice_view("landingpages.view_landingpage")
def embed(request: HttpRequest, page_id: int) -> HttpResponse:
    """The sites and the snippets; saving the sites changes the page as it is edited."""
    page = find(page_id)
    if request.method == "POST":
        return _save(request, page)
    return _shown(request, page, OriginsForm(initial={"origins": "\n".join(page.embed_origins)}))


def _save(request: HttpRequest, page: LandingPage) -> HttpResponse:
    if not request.user.has_perm("landingpages.change_landingpage"):
        raise PermissionDenied(_("You may not change landing pages: ask an administrator for the right to do so."))
    form = OriginsForm(request.POST)
    if form.is_valid():
        try:
            values = {"embed_origins": form.cleaned_data["origins"]}
            editing.change_page(page, values, by=operator(request), revision=shown_revision(request))
        except editing.EditConflict:
            form.add_error(
                None, _("Somebody else changed this page meanwhile: nothing was saved. Save again to keep your sites.")
            )
        else:
            messages.success(request, _("The sites are saved. Visitors see a change once you publish it."))
            return redirect("landingpages:embed", page.pk)
    return _shown(request, find(page.pk), form, status=422)


def _shown(request: HttpRequest, page: LandingPage, form: OriginsForm, status: int = 200) -> HttpResponse:
    content = page.version.content if page.version else None
    languages = content["languages"] if content else []
    chosen = request.GET.get("snippet", "")
    language = chosen if chosen in languages else next(iter(languages), settings.LANGUAGE_CODE)
    context: dict[str, Any] = {
        "form": form,
        "allowed": (content["settings"].get("embed_origins") or []) if content else [],
        "is_open_to_all": bool(content and content["settings"]["unidentified_allowed"]),
        "snippet_languages": languages,
        "snippet_language": language,
        "framed": frame_snippet(page, language) if content else "",
        "plain": form_snippet(page, language) if content else "",
    }
    return render(
        request, "landingpages/embed.html", title=_("Embed"), crumbs=crumbs(page), status=status, **context, **frame(page)
    )


def frame_snippet(page: LandingPage, language: str) -> str:
    """The published page in a frame."""
    content = page.version.content if page.version else {}
    values = {"url": f"{_url(content)}?lang={language}", "label": content["label"], "language": language}
    return render_to_string("landingpages/embed_frame.html", values).strip()


def form_snippet(page: LandingPage, language: str) -> str:
    """The published page as a form without script, style or cookie, in one of its languages."""
    version = page.version
    if version is None:
        return ""
    with translation.override(language):
        values = {
            "action": f"{_url(version.content)}embedded/?lang={language}",
            "form": form_class(version.content, language)(auto_id=f"heed-{page.pk}-%s"),
            "language": language,
            "site": settings.PUBLIC_URL,
            "key_name": embedding.KEY,
            "key": embedding.key(version),
            "trap": TRAP,
        }
        lines = render_to_string("landingpages/embed_form.html", values).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _url(content: dict[str, Any]) -> str:
    return f"{settings.PUBLIC_URL}/lp/{content['slug']}/"
