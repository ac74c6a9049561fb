"""The back office's pages of typologies and their rules."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Case, Count, IntegerField, ProtectedError, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from deliveries import rule_words, typologies
from deliveries.statuses import OWN_RULES
from deliveries.typologies import ChangedMeanwhile
from deliveries.typology_forms import BuiltInRuleForm, ControlRuleForm, FatigueForm, Revised, RuleForm, TypologyForm
from deliveries.typology_models import RuleKind, Typology, TypologyRule
from profiles.audience_builder import Builder
from profiles.audiences import InvalidAudience
from profiles.backoffice import backoffice_view, is_fragment, operator, render
from profiles.timelimit import TookTooLong, time_limit

CHANGED = gettext_lazy("Somebody else changed it meanwhile: nothing was saved. Open it again to see it.")
IN_ORDER = Case(
    *(When(code=exclusion, then=place) for exclusion, place in typologies.POSITIONS.items()),
    *(When(code="", kind=kind, then=typologies.POSITIONS[own]) for kind, own in OWN_RULES.items()),
    default=len(typologies.POSITIONS),
    output_field=IntegerField(),
)


def crumbs() -> list[tuple[str, str]]:
    return [(_("Typologies"), reverse("deliveries:typologies"))]


@backoffice_view("deliveries.view_typology")
def typology_list(request: HttpRequest) -> HttpResponse:
    """Every typology, and every rule in the order in which they look."""
    sets = Typology.objects.annotate(number=Count("rules"))
    rules = TypologyRule.objects.order_by(IN_ORDER, "order", "pk").prefetch_related("typologies")
    rows = [(rule, rule_words.sentence(rule)) for rule in rules]
    return render(request, "deliveries/typologies.html", title=_("Typologies"), typologies=sets, rules=rows)


@backoffice_view("deliveries.add_typology")
def typology_add(request: HttpRequest) -> HttpResponse:
    return _typology(request, Typology(), title=_("New typology"))


@backoffice_view("deliveries.change_typology")
def typology_edit(request: HttpRequest, typology_id: int) -> HttpResponse:
    typology = get_object_or_404(Typology, pk=typology_id)
    return _typology(request, typology, title=str(typology))


def _typology(request: HttpRequest, typology: Typology, *, title: str) -> HttpResponse:
    choices = TypologyRule.objects.order_by(IN_ORDER, "order", "pk")
    form = TypologyForm(request.POST or None, instance=typology, choices=choices)
    if request.method == "POST" and form.is_valid():
        kept = Typology(pk=typology.pk, revision=form.shown_revision)
        try:
            saved = typologies.save_typology(kept, form.values(), rules=form.cleaned_data["rules"], by=operator(request))
            messages.success(request, _("“%(label)s” is saved.") % {"label": saved})
            return redirect("deliveries:typologies")
        except ChangedMeanwhile:
            form.add_error(None, str(CHANGED))
    users = typologies.used_by(typology).count() if typology.pk else 0
    context = {"form": form, "typology": typology, "users": users}
    return render(request, "deliveries/typology.html", title=title, crumbs=crumbs(), status=_status(form), **context)


def _status(form: Any) -> int:
    return 422 if form.is_bound else 200


@backoffice_view("deliveries.delete_typology")
@require_POST
def typology_delete(request: HttpRequest, typology_id: int) -> HttpResponse:
    typology = get_object_or_404(Typology, pk=typology_id, code="")
    try:
        typologies.remove(typology, by=operator(request))
        messages.success(request, _("“%(label)s” is deleted.") % {"label": typology.label})
    except ProtectedError:
        messages.error(
            request, _("“%(label)s” is the typology of deliveries: choose another for them first.") % {"label": typology}
        )
    return redirect("deliveries:typologies")


@backoffice_view("deliveries.add_typologyrule")
def rule_add(request: HttpRequest, kind: str) -> HttpResponse:
    titles = {RuleKind.FILTERING: _("New filtering rule"), RuleKind.FATIGUE: _("New fatigue rule")}
    if kind not in titles:
        raise Http404
    return _own_rule(request, TypologyRule(kind=kind), title=titles[RuleKind(kind)])


@backoffice_view("deliveries.view_typologyrule")
def rule(request: HttpRequest, rule_id: int) -> HttpResponse:
    """One rule: what it leaves out, and how many it would leave out now; its form for those who may change it."""
    one = get_object_or_404(TypologyRule, pk=rule_id)
    if request.method == "POST" and not request.user.has_perm("deliveries.change_typologyrule"):
        return _rule_page(request, one, BuiltInRuleForm(instance=one), title=str(one), status=403)
    if not one.is_built_in:
        return _own_rule(request, one, title=str(one))
    kind = ControlRuleForm if one.kind == RuleKind.CONTROL else BuiltInRuleForm
    form = kind(request.POST or None, instance=TypologyRule.objects.get(pk=rule_id))
    if request.method == "POST" and form.is_valid() and _saved(request, one, form, form.values(), one.typologies.all()):
        return redirect("deliveries:typologies")
    return _rule_page(request, one, form, title=str(one), status=_status(form))


def _own_rule(request: HttpRequest, one: TypologyRule, *, title: str) -> HttpResponse:
    """Every button of the builder posts to here; only "save" stores anything."""
    is_fatigue, saves = one.kind == RuleKind.FATIGUE, "save" in request.POST
    builder = None if is_fatigue else Builder.read(request.POST) or Builder.of(one.parameters.get("audience", {}))
    typed = request.POST if saves else None
    form = (FatigueForm if is_fatigue else RuleForm)(typed, instance=_copy(one), initial=_typed(request))
    if saves:
        parameters = _read(form, builder)
        if form.is_valid() and parameters is not None:
            values = form.values() | {"kind": one.kind, "criteria": form.criteria(), "parameters": parameters}
            if _saved(request, one, form, values, form.cleaned_data["typologies"]):
                return redirect("deliveries:typologies")
    elif builder and (button := request.POST.get("do")):
        builder.act(button, request.POST)
    return _rule_page(request, one, form, title=title, builder=builder, status=_status(form))


def _copy(one: TypologyRule) -> TypologyRule:
    """A bound form writes into its instance: the page shows the rule as it is stored."""
    return TypologyRule.objects.get(pk=one.pk) if one.pk else TypologyRule(kind=one.kind)


def _typed(request: HttpRequest) -> dict[str, Any] | None:
    """What stands in the other fields while the builder is worked with."""
    if request.method != "POST":
        return None
    lists = {"typologies": request.POST.getlist("typologies")}
    return (
        {name: request.POST[name] for name in request.POST if ":" not in name}
        | lists
        | {"is_active": "is_active" in request.POST}
    )


def _read(form: RuleForm, builder: Builder | None) -> dict[str, Any] | None:
    """The parameters as they were typed; None, with the reason in the form, where they cannot be used."""
    if builder is None:
        return form.parameters() if isinstance(form, FatigueForm) and form.is_valid() else None
    builder.is_strict = True
    tree = builder.tree()
    if tree is None:
        form.add_error(None, builder.error)
    elif not builder.conditions:
        form.add_error(None, _("Add a condition: a rule without one would leave out everybody."))
        return None
    return None if tree is None else {"audience": tree}


def _saved(request: HttpRequest, one: TypologyRule, form: Any, values: dict[str, Any], chosen: Any) -> bool:
    kept = TypologyRule(pk=one.pk, revision=form.shown_revision)
    if one.is_protecting and not values.get("is_active", True):
        form.add_error(None, _("This rule protects people: it is always active."))
        return False
    try:
        saved = typologies.save_rule(kept, values, typologies=chosen, by=operator(request))
    except ChangedMeanwhile:
        form.add_error(None, str(CHANGED))
        return False
    messages.success(
        request, _("“%(label)s” is saved. Preparations that started keep the rules that they have.") % {"label": saved}
    )
    return True


def _rule_page(
    request: HttpRequest, one: TypologyRule, form: Revised, *, title: str, builder: Builder | None = None, status: int = 200
) -> HttpResponse:
    needed = "deliveries.change_typologyrule" if one.pk else "deliveries.add_typologyrule"
    context = {
        "rule": one,
        "form": form,
        "builder": builder,
        "sentence": rule_words.sentence(one) if one.pk else "",
        "may_change": request.user.has_perm(needed) and not (one.is_protecting or one.is_set_by_deliveries),
    }
    return render(request, "deliveries/typology_rule.html", title=title, crumbs=crumbs(), status=status, **context)


@backoffice_view("deliveries.view_typologyrule")
def rule_count(request: HttpRequest, rule_id: int) -> HttpResponse:
    """How many profiles the rule alone would leave out now; a fragment, or a page without JavaScript."""
    one = get_object_or_404(TypologyRule, pk=rule_id)
    context: dict[str, Any] = {"rule": one, "seconds": settings.COUNT_SECONDS}
    try:
        with time_limit(settings.COUNT_SECONDS):
            context["number"] = rule_words.would_exclude(one)
    except TookTooLong:
        context["is_slow"] = True
    except InvalidAudience as error:
        context["fault"] = str(error)
    template = "deliveries/typology_rule_count.html" if is_fragment(request) else "deliveries/typology_rule_count_page.html"
    return render(request, template, title=str(one), crumbs=crumbs(), **context)


@backoffice_view("deliveries.delete_typologyrule")
@require_POST
def rule_delete(request: HttpRequest, rule_id: int) -> HttpResponse:
    one = get_object_or_404(typologies.own_rules(), pk=rule_id)
    label = str(one)
    typologies.remove(one, by=operator(request))
    messages.success(request, _("“%(label)s” is deleted. What is prepared stays as it is.") % {"label": label})
    return redirect("deliveries:typologies")
