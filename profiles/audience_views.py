"""The pages of saved audiences: list, builder, one audience with its members, and what becomes of it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from profiles import audiences, freezing, saved_audiences
from profiles.audience_builder import Builder, blank
from profiles.audience_forms import AudienceForm, FreezeForm, ListFilterForm, list_label
from profiles.audiences import InvalidAudience, Tree
from profiles.backoffice import backoffice_view, is_fragment, operator, render
from profiles.channels import Channel
from profiles.models import AudienceKind, Freezing, SavedAudience
from profiles.paging import Paginator
from profiles.timelimit import TookTooLong, time_limit

PER_PAGE = 50
# Who may use the builder; the apps that have it on pages of their own add their permissions in AppConfig.ready().
MAY_BUILD = ["profiles.view_savedaudience"]


def crumbs(audience: SavedAudience | None = None) -> list[tuple[str, str]]:
    way = [(_("Audiences"), reverse("profiles:audiences"))]
    return [*way, (audience.label, reverse("profiles:audience", args=[audience.pk]))] if audience else way


@backoffice_view("profiles.view_savedaudience")
def audience_list(request: HttpRequest) -> HttpResponse:
    """Every saved audience by its label."""
    form = ListFilterForm(request.GET)
    form.is_valid()
    text, kind = (form.cleaned_data.get(name, "") for name in ("q", "kind"))
    rows = (
        SavedAudience.objects.filter(Q(label__icontains=text) | Q(description__icontains=text)) if text else SavedAudience.objects
    )
    rows = rows.filter(kind=kind) if kind else rows.all()
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    uses = saved_audiences.uses(shown)
    lists = [{"audience": audience, "uses": uses[audience.pk]} for audience in shown]
    return render(
        request, "profiles/audiences.html", title=_("Audiences"), page=page, rows=lists, form=form, is_filtered=bool(text or kind)
    )


@backoffice_view("profiles.add_savedaudience")
def add(request: HttpRequest) -> HttpResponse:
    return _edit(request, SavedAudience(), title=_("New audience"), way=crumbs())


@backoffice_view("profiles.change_savedaudience")
def edit(request: HttpRequest, audience_id: int) -> HttpResponse:
    """A list keeps its members: only what is said about it changes."""
    audience = get_object_or_404(SavedAudience, pk=audience_id)
    return _edit(request, audience, title=_("Edit"), way=crumbs(audience))


def _edit(request: HttpRequest, audience: SavedAudience, *, title: str, way: list[tuple[str, str]]) -> HttpResponse:
    """Every button of the builder posts to here; only "save" stores anything."""
    builder = Builder.read(request.POST) or Builder.of(audience.tree)
    form = AudienceForm(request.POST if "save" in request.POST else None, instance=audience, initial=_typed(request))
    status = 200
    if "save" in request.POST:
        builder.is_strict, status = True, 422
        tree = builder.tree()
        if form.is_valid() and tree is not None and (saved := _save(request, audience, form, tree)):
            messages.success(request, _("The audience “%(label)s” is saved.") % {"label": saved.label})
            return redirect("profiles:audience", saved.pk)
    elif button := request.POST.get("do"):
        builder.act(button, request.POST)
    context = {"form": form, "builder": builder, "audience": audience, **_channels(request)}
    return render(request, "profiles/audience_edit.html", title=title, crumbs=way, status=status, **context)


def _channels(request: HttpRequest) -> dict[str, Any]:
    """The channels to count for. A delivery has its own: its form sends none."""
    return {"channels": Channel.addressed(), "channel": request.POST.get("channel", Channel.EMAIL.value)}


def _fragment(request: HttpRequest, template: str, state: Builder) -> HttpResponse:
    context = _channels(request) if "channel" in request.POST else {}
    return render(request, template, title=_("Audience"), builder=state, **context)


def _typed(request: HttpRequest) -> dict[str, Any] | None:
    """What stands in the other fields while the builder is worked with."""
    names = ("label", "description", "expires_on", "revision")
    return {name: request.POST[name] for name in names if name in request.POST} if request.method == "POST" else None


def _save(request: HttpRequest, audience: SavedAudience, form: AudienceForm, tree: Tree) -> SavedAudience | None:
    """Stored, and counted where that is quick; None, with the reason in the form, where somebody else was faster."""
    values, by = form.values(), operator(request)
    stored = SavedAudience.objects.filter(pk=audience.pk).first()
    if audience.pk is None:
        saved = saved_audiences.create(tree, **values, by=by)
    else:
        try:
            if stored is None:
                raise saved_audiences.StaleAudience
            changes = values if stored.is_list else values | {"tree": tree}
            saved_audiences.change(stored, changes, revision=form.shown_revision, by=by)
            saved = stored
        except saved_audiences.StaleAudience:
            form.add_error(None, _("Somebody else changed this audience meanwhile: nothing was saved. Open it again to see it."))
            return None
    _count(saved, settings.COUNT_SECONDS)
    return saved


def _count(audience: SavedAudience, seconds: float) -> bool:
    """Note how many people a query has now; False where that takes longer or cannot be known."""
    if audience.is_list:
        return True
    try:
        with time_limit(seconds):
            number = audiences.profiles(audience.tree).count()
    except (TookTooLong, InvalidAudience):
        return False
    saved_audiences.note_count(audience, number)
    return True


@backoffice_view(MAY_BUILD)
@require_POST
def builder(request: HttpRequest) -> HttpResponse:
    """The builder after a button was pressed (a fragment); nothing is stored."""
    state = Builder.read(request.POST) or blank()
    if button := request.POST.get("do"):
        state.act(button, request.POST)
    return _fragment(request, "profiles/audience_builder.html", state)


@backoffice_view(MAY_BUILD)
@require_POST
def summary(request: HttpRequest) -> HttpResponse:
    """Who is meant, in words (a fragment); it brings the count of the app that excludes."""
    state = Builder.read(request.POST) or blank()
    return _fragment(request, "profiles/audience_summary.html", state)


@backoffice_view("profiles.view_savedaudience")
def show(request: HttpRequest, audience_id: int) -> HttpResponse:
    """Whom the audience means, how it would split now, and its first members."""
    audience = get_object_or_404(SavedAudience, pk=audience_id)
    in_the_making = None if audience.is_complete else Freezing.objects.filter(pk=audience.pk).first()
    if is_fragment(request):
        return _making(request, audience, in_the_making)
    words, fault = _in_words(audience.tree)
    return render(
        request,
        "profiles/audience.html",
        title=audience.label,
        crumbs=crumbs(),
        audience=audience,
        freezing=in_the_making,
        words=words,
        fault=fault,
        uses=saved_audiences.uses([audience])[audience.pk],
        **_members(request, audience, fault),
    )


def _making(request: HttpRequest, audience: SavedAudience, freezing: Freezing | None) -> HttpResponse:
    """How far the worker is (a fragment that refreshes itself); once it is through, the whole page anew."""
    if freezing is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "profiles/audience_making.html", title=audience.label, audience=audience, freezing=freezing)


def _in_words(tree: Tree) -> tuple[str, str]:
    try:
        return audiences.in_words(tree), ""
    except InvalidAudience as error:
        return "", str(error)


def _members(request: HttpRequest, audience: SavedAudience, fault: str) -> dict[str, Any]:
    """One page of people, for those who may see people; a search that takes too long shows none and says so."""
    if fault or not audience.is_complete or not request.user.has_perm("profiles.view_profile"):
        return {"page": None}
    try:
        with time_limit(settings.COUNT_SECONDS):
            people = audiences.profiles(saved_audiences.as_tree(audience)).order_by("pk")
            page = Paginator(people, PER_PAGE).get_page(request.GET.get("page"))
            page.object_list = list(page.object_list)
    except TookTooLong:
        return {"page": None, "is_slow": True, "seconds": settings.COUNT_SECONDS}
    except InvalidAudience as error:
        return {"page": None, "fault": str(error)}
    return {"page": page}


@backoffice_view("profiles.change_savedaudience")
@require_POST
def count(request: HttpRequest, audience_id: int) -> HttpResponse:
    audience = get_object_or_404(SavedAudience, pk=audience_id)
    if not _count(audience, settings.COUNT_SECONDS_ON_REQUEST):
        messages.warning(request, _("The count takes longer than %(number)s s.") % {"number": settings.COUNT_SECONDS_ON_REQUEST})
    return redirect("profiles:audience", audience.pk)


@backoffice_view("profiles.add_savedaudience")
@require_POST
def duplicate(request: HttpRequest, audience_id: int) -> HttpResponse:
    copy = saved_audiences.duplicate(get_object_or_404(SavedAudience, pk=audience_id), by=operator(request))
    messages.success(request, _("“%(label)s” is a copy: change what should be different.") % {"label": copy.label})
    return redirect("profiles:audience_edit", copy.pk)


@backoffice_view("profiles.add_savedaudience")
def freeze(request: HttpRequest, audience_id: int) -> HttpResponse:
    """The page that says how many people the list will have; its button makes the list."""
    audience = get_object_or_404(SavedAudience, pk=audience_id, kind=AudienceKind.QUERY)
    words, fault = _in_words(audience.tree)
    day = date_format(timezone.localdate(), "SHORT_DATE_FORMAT")
    form = FreezeForm(request.POST or None, initial={"label": list_label(audience, day)})
    if request.method == "POST" and form.is_valid() and not fault:
        frozen = freezing.freeze(audience, label=form.cleaned_data["label"], by=operator(request))
        if frozen.is_complete:
            messages.success(request, _("The list “%(label)s” is made.") % {"label": frozen.label})
        return redirect("profiles:audience", frozen.pk)
    return render(
        request,
        "profiles/audience_freeze.html",
        title=_("Freeze to a list"),
        crumbs=crumbs(audience),
        status=422 if form.is_bound else 200,
        audience=audience,
        words=words,
        fault=fault,
        form=form,
        number=None if fault else _number(audience),
    )


@backoffice_view("profiles.add_savedaudience")
@require_POST
def stop(request: HttpRequest, audience_id: int) -> HttpResponse:
    """Give up a list that is being made: it goes, with those who are in."""
    frozen = get_object_or_404(SavedAudience, pk=audience_id, kind=AudienceKind.LIST)
    try:
        freezing.stop(frozen)
    except freezing.AlreadyComplete:
        messages.warning(request, _("The list was complete already: nothing was stopped."))
        return redirect("profiles:audience", frozen.pk)
    messages.success(request, _("The list “%(label)s” is stopped, and gone.") % {"label": frozen.label})
    return redirect("profiles:audiences")


def _number(audience: SavedAudience) -> int | None:
    """How many people the query has now; None where counting takes too long."""
    try:
        with time_limit(settings.COUNT_SECONDS):
            return audiences.profiles(audience.tree).count()
    except (TookTooLong, InvalidAudience):
        return None


@backoffice_view("profiles.delete_savedaudience")
def delete(request: HttpRequest, audience_id: int) -> HttpResponse:
    """The page that says what deleting changes; a list that something needs cannot be deleted."""
    audience = get_object_or_404(SavedAudience, pk=audience_id)
    if request.method == "POST":
        try:
            saved_audiences.delete(audience)
        except saved_audiences.AudienceInUse:
            messages.warning(request, _("Nothing was deleted: the list is in use."))
            return redirect("profiles:audience_delete", audience.pk)
        messages.success(request, _("“%(label)s” is deleted.") % {"label": audience.label})
        return redirect("profiles:audiences")
    uses = saved_audiences.uses([audience])[audience.pk]
    return render(
        request,
        "profiles/audience_delete.html",
        title=_("Delete"),
        crumbs=crumbs(audience),
        audience=audience,
        needed=[use for use in uses if not use.is_over],
        former=[use for use in uses if use.is_over],
    )
