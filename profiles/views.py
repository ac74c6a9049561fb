"""The pages of one profile in the back office: General tab, consent history, subscriptions, personal link."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from profiles import aliases, births, editing, history, pending, personal_links, silence, subscriptions
from profiles.backoffice import backoffice_view, operator, render
from profiles.channels import OPT_OUT_FIELDS
from profiles.consent_at import Consent, consent_at
from profiles.editing import EditedMeanwhile
from profiles.forms import ProfileForm, SubscribeForm
from profiles.models import ConsentEvent, Profile, Scope, Service, Source
from profiles.moment_forms import ConsentAtForm
from profiles.paging import Paginator
from profiles.subscriptions import ServiceClosed
from profiles.twins import twins

EVENTS_PER_PAGE = 50
ENDED_SHOWN = 50


def _list_url(request: HttpRequest) -> str:
    """The list as the operator left it."""
    url = reverse("admin:profiles_profile_changelist")
    filters = request.GET.get("_changelist_filters", "")
    return f"{url}?{filters}" if filters else url


def _page(request: HttpRequest, template: str, profile: Profile, **context: Any) -> HttpResponse:
    """A page among the tabs of the profile."""
    crumbs = [(_("Profiles"), _list_url(request))]
    return render(request, template, title=str(profile), crumbs=crumbs, tab_page="profile", profile=profile, **context)


@backoffice_view("profiles.add_profile")
def add(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=Profile())
    if request.method == "POST" and form.is_valid():
        profile = editing.add(form.values, form.choices, by=operator(request))
        messages.success(request, _("%(profile)s was added.") % {"profile": profile})
        if told := silence.in_words([one for one in history.for_profile(profile) if one.source == Source.SYSTEM]):
            messages.warning(request, told)
        if "_addanother" in request.POST:
            return redirect("admin:profiles_profile_add")
        return redirect("admin:profiles_profile_change", profile.pk)
    crumbs = [(_("Profiles"), _list_url(request))]
    return render(request, "profiles/general.html", title=_("Add profile"), crumbs=crumbs, form=form, boxes=_boxes(form, {}))


@backoffice_view("profiles.view_profile")
def general(request: HttpRequest, profile_id: int) -> HttpResponse:
    """The General tab; whoever saves second is told what changed meanwhile, and nothing of hers is lost or written."""
    profile = aliases.get_or_404(profile_id)
    if profile.pk != profile_id:
        return redirect("admin:profiles_profile_change", profile.pk)
    if request.method != "POST":
        return _general(request, ProfileForm(instance=profile))
    if not request.user.has_perm("profiles.change_profile"):
        raise PermissionDenied
    form = ProfileForm(request.POST, instance=profile)
    if not form.is_valid():
        return _general(request, form)
    told = form.changes_in_words()
    if form.is_outdated or told:
        try:
            silenced = editing.edit(profile, form.values, form.choices, revision=form.shown_revision, by=operator(request))
        except EditedMeanwhile:
            fresh = ProfileForm(request.POST, instance=Profile.objects.get(pk=profile_id))
            return _general(request, fresh.rebased(), meanwhile=fresh.meanwhile_in_words(), status=409)
        if silenced:
            messages.warning(request, silence.in_words(silenced))
    messages.success(request, _("Saved. %(changes)s") % {"changes": " · ".join(told)} if told else _("Nothing was changed."))
    return redirect(request.get_full_path())


def _general(request: HttpRequest, form: ProfileForm, **context: Any) -> HttpResponse:
    profile = Profile.objects.get(pk=form.instance.pk)  # as stored, whatever the form has put into its own
    may_change = request.user.has_perm("profiles.change_profile")
    if not may_change:
        for field in form.fields.values():
            field.disabled = True
    return _page(
        request,
        "profiles/general.html",
        profile,
        form=form,
        may_change=may_change,
        boxes=_boxes(form, history.latest_ticks(profile)),
        twins=twins(profile),
        facts=_facts(profile),
        waiting=pending.waiting_subscriptions(profile),
        **context,
    )


def _facts(profile: Profile) -> list[str]:
    """What the summary says beside the name and the ticked boxes (reference 1.1.5)."""
    name = str(profile)
    return [fact for fact in (profile.email, profile.mobile, births.age_in_words(profile.age)) if fact and fact != name]


def _boxes(form: ProfileForm, ticks: dict[str, ConsentEvent]) -> list[dict[str, Any]]:
    """The five boxes in their order, each with the event that ticked it."""
    boxes = []
    for scope, name in OPT_OUT_FIELDS.items():
        event = ticks.get(scope)
        told = {"event": event, "who": history.who(event), "where": history.where(event)} if event else {}
        boxes.append({"field": form[name], **told})
    return boxes


@backoffice_view("profiles.change_profile")
def personal_link(request: HttpRequest, profile_id: int) -> HttpResponse:
    """GET explains; POST makes a link, shows it and records that it was copied."""
    profile = aliases.get_or_404(profile_id)
    link = personal_links.issue(profile, by=operator(request)) if request.method == "POST" else ""
    return _page(request, "profiles/personal_link.html", profile, link=link)


@backoffice_view("profiles.view_consentevent")
def consent_history(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Every choice, newest first; ?event=… opens the page that this event is on, ?at=… tells what was allowed then."""
    profile = aliases.get_or_404(profile_id)
    events = history.for_profile(profile)
    number = request.GET.get("page", "1")
    if (event := request.GET.get("event", "")).isdecimal():
        number = str((events.filter(pk__gt=event).count()) // EVENTS_PER_PAGE + 1)
    page = Paginator(events, EVENTS_PER_PAGE).get_page(number)
    rows = [{"event": e, "change": history.change(e), "who": history.who(e), "where": history.where(e)} for e in page]
    form = ConsentAtForm(request.GET if "at" in request.GET else None)
    answer = _answer(consent_at(profile, form.cleaned_data["at"])) if form.is_valid() else {}
    return _page(request, "profiles/consent_history.html", profile, page=page, rows=rows, form=form, **answer)


def _answer(asked: Consent) -> dict[str, Any]:
    """What was allowed at a moment, each state with who made it so."""
    names = {"told_boxes": asked.boxes, "told_subscriptions": asked.subscriptions}
    told = {name: [{"state": state, **_told(state.event)} for state in states] for name, states in names.items()}
    return {"asked": asked, **told}


def _told(event: ConsentEvent | None) -> dict[str, str]:
    return {"who": history.who(event), "where": history.where(event)} if event else {}


@backoffice_view("profiles.view_subscription")
def subscription_list(request: HttpRequest, profile_id: int) -> HttpResponse:
    profile = aliases.get_or_404(profile_id)
    current = profile.subscriptions.current().select_related("service").order_by("service__label", "pk")
    ended = history.for_profile(profile).filter(scope=Scope.SERVICE, after=True)[:ENDED_SHOWN]
    return _page(
        request,
        "profiles/subscriptions.html",
        profile,
        subscriptions=current,
        waiting=pending.waiting_subscriptions(profile),
        ended=[{"event": event, "who": history.who(event), "where": history.where(event)} for event in ended],
        form=SubscribeForm(profile=profile),
    )


@backoffice_view("profiles.add_subscription")
@require_POST
def subscribe(request: HttpRequest, profile_id: int) -> HttpResponse:
    profile = aliases.get_or_404(profile_id)
    service = get_object_or_404(Service, pk=_number(request.POST.get("service", "")))
    names = {"profile": profile, "service": service}
    try:
        is_new = subscriptions.subscribe(profile, service, source=Source.OPERATOR, by=operator(request))
    except ServiceClosed as refusal:
        messages.error(request, str(refusal))
        return redirect("profiles:subscriptions", profile.pk)
    if is_new:
        messages.success(request, _("%(profile)s is now subscribed to %(service)s.") % names)
    elif service.validity_amount is not None:
        messages.success(request, _("%(profile)s was subscribed to %(service)s already: the time starts anew.") % names)
    else:
        messages.info(request, _("%(profile)s was subscribed to %(service)s already: nothing changed.") % names)
    return redirect("profiles:subscriptions", profile.pk)


@backoffice_view("profiles.delete_subscription")
@require_POST
def unsubscribe(request: HttpRequest, profile_id: int) -> HttpResponse:
    profile = aliases.get_or_404(profile_id)
    service = get_object_or_404(Service, pk=_number(request.POST.get("service", "")))
    names = {"profile": profile, "service": service}
    if subscriptions.unsubscribe(profile, service, source=Source.OPERATOR, by=operator(request)):
        messages.success(request, _("%(profile)s is no longer subscribed to %(service)s.") % names)
    else:
        messages.info(request, _("%(profile)s was not subscribed to %(service)s: nothing changed.") % names)
    return redirect("profiles:subscriptions", profile.pk)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise BadRequest
    return int(text)
