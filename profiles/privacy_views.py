"""Merge, erase and answer for one profile: each has a page that names the consequence, and a POST of its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles import access, aliases, erasure, holders, merging
from profiles.backoffice import backoffice_view, operator, render, typed
from profiles.channels import OPT_OUT_LABELS
from profiles.merge_forms import MergeForm, candidates
from profiles.models import Profile


def _page(request: HttpRequest, template: str, profile: Profile, title: str, **context: Any) -> HttpResponse:
    crumbs = [
        (_("Profiles"), reverse("admin:profiles_profile_changelist")),
        (str(profile), reverse("admin:profiles_profile_change", args=[profile.pk])),
    ]
    return render(request, template, title=title, crumbs=crumbs, profile=profile, **context)


@backoffice_view("profiles.merge_profile")
def merge(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Find the other profile; with ?with=… the preview, and POST merges that one into this one."""
    winner = aliases.get_or_404(profile_id)
    number = request.GET.get("with", "")
    loser = aliases.by_id(int(number)) if number.isdecimal() and len(number) <= 18 else None
    if request.method == "POST" and loser and (winner.pk, loser.pk) != (profile_id, int(number)):
        return _gone(request, winner)
    if loser is None or loser == winner:
        return _find(request, winner)
    form = MergeForm(winner, loser, request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _preview(request, form)
    return _merge(request, form) if form.is_valid() else _preview(request, form, status=422)


def _merge(request: HttpRequest, form: MergeForm) -> HttpResponse:
    winner, loser, number = form.winner, form.loser, form.loser.pk
    try:
        merging.merge(winner, loser, from_loser=form.from_loser, revisions=form.revisions, by=operator(request))
    except merging.ChangedMeanwhile:
        return _changed(request, winner.pk, number)
    messages.success(request, _("Profile %(number)s is merged into this one.") % {"number": number})
    return redirect("admin:profiles_profile_change", winner.pk)


def _find(request: HttpRequest, winner: Profile) -> HttpResponse:
    text = typed(request, "q")
    return _page(request, "profiles/merge_find.html", winner, _("Merge"), q=text, candidates=candidates(winner, text))


def _preview(request: HttpRequest, form: MergeForm, status: int = 200, **context: Any) -> HttpResponse:
    winner, loser = form.winner, form.loser
    person = holders.Person(loser, tuple(aliases.all_ids(loser)))
    moves = [(holder.label, holder.count(person)) for holder in holders.registered() if holder.key != "profile"]
    return _page(
        request,
        "profiles/merge.html",
        winner,
        _("Merge"),
        loser=loser,
        form=form,
        tightened=[OPT_OUT_LABELS[scope] for scope in merging.tightened(winner, loser)],
        services=merging.services(winner, loser),
        moves=[(label, number) for label, number in moves if number],
        status=status,
        **context,
    )


def _changed(request: HttpRequest, winner_id: int, loser_id: int) -> HttpResponse:
    """The second of two operators sees the two profiles as they are now, or that there is only one left."""
    winner, loser = aliases.get_or_404(winner_id), aliases.by_id(loser_id)
    if loser is None or loser == winner:
        return _gone(request, winner)
    return _preview(request, MergeForm(winner, loser), status=409, changed=True)


def _gone(request: HttpRequest, left: Profile) -> HttpResponse:
    messages.warning(request, _("Nothing was changed: somebody merged or erased one of the two profiles meanwhile."))
    return redirect("admin:profiles_profile_change", left.pk)


@backoffice_view("profiles.erase_profile")
def erase(request: HttpRequest, profile_id: int) -> HttpResponse:
    """GET says what goes, in numbers, and what stays silent; POST erases."""
    profile = aliases.get_or_404(profile_id)
    if request.method != "POST":
        return _erase(request, profile)
    revision = request.POST.get("revision", "")
    try:
        if profile.pk != profile_id:  # merged away since the page was shown: its winner is another profile than was meant
            raise erasure.ChangedMeanwhile
        erasure.erase(profile, revision=int(revision) if revision.isdecimal() else -1, by=operator(request))
    except erasure.ChangedMeanwhile:
        return _erase(request, aliases.get_or_404(profile_id), status=409, changed=True)
    messages.success(request, _("Profile %(number)s and every trace of it are erased.") % {"number": profile_id})
    return redirect("admin:profiles_profile_changelist")


def _erase(request: HttpRequest, profile: Profile, **context: Any) -> HttpResponse:
    person = holders.person(profile)
    return _page(
        request,
        "profiles/erase.html",
        profile,
        _("Erase"),
        parts=erasure.preview(person),
        silenced=sorted(erasure.silenced(person)),
        merged=person.ids[1:],
        **context,
    )


@backoffice_view("profiles.access_profile")
def answer(request: HttpRequest, profile_id: int) -> HttpResponse:
    """GET shows everything that is held, to read and to print; POST gives it as one file and records that it was made."""
    profile = aliases.get_or_404(profile_id)
    if request.method != "POST":
        person = holders.person(profile)
        return _page(
            request, "profiles/access.html", profile, _("Access request"), sections=access.sections(person), now=timezone.now()
        )
    text = access.make_file(profile, by=operator(request))
    name = f"profile-{profile.pk}-{timezone.localdate().isoformat()}.json"
    return HttpResponse(
        text,
        content_type="application/json; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
