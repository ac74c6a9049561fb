"""Which rules a delivery is prepared by: those of its typology, pinned when its preparation starts (reference 6.6)."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import AppConfig
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import AbstractUser
from django.db import connections, transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from deliveries import controlgroups
from deliveries.controls import CODE, CONTROL_RULES, EVERY
from deliveries.models import Delivery
from deliveries.statuses import OWN_RULES, PROTECTING, Exclusion
from deliveries.typology_models import DEFAULT_TYPOLOGY, RuleKind, Typology, TypologyRule
from profiles import saved_audiences
from profiles.actors import actor
from profiles.channels import Channel
from profiles.saved_audiences import Use

Pinned = list[dict[str, Any]]  # TypologyRule.pinned(), in the order in which the rules look
EMAIL_ONLY = (Exclusion.EXCLUDED_DOMAIN,)
SWITCHED_OFF = (Exclusion.SHARED_OPT_OUT,)  # as it comes: an address may be a family's
MADE_BY_OPERATORS = (Exclusion.OWN_RULE, Exclusion.FATIGUE)
POSITIONS = {exclusion.value: position for position, exclusion in enumerate(Exclusion)}


class ChangedMeanwhile(Exception):
    """Somebody else saved since this was shown: nothing was written."""


def install(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """After migrate: the default typology and Heed's own filtering rules, where they are missing. What is there stays."""
    if Typology._meta.db_table not in connections[using].introspection.table_names():
        return
    default, _created = Typology.objects.using(using).get_or_create(code=DEFAULT_TYPOLOGY, defaults={"label": "Default typology"})
    for position, exclusion in enumerate(Exclusion, 1):
        if exclusion in MADE_BY_OPERATORS:
            continue
        values = {
            "label": exclusion.name.replace("_", " ").capitalize(),
            "channel": Channel.EMAIL.value if exclusion in EMAIL_ONLY else "",
            "order": position,
            "is_active": exclusion not in SWITCHED_OFF,
        }
        rule, created = TypologyRule.objects.using(using).get_or_create(code=exclusion.value, defaults=values)
        if created:
            default.rules.add(rule)
    for position, control in enumerate(CONTROL_RULES, 1):
        with override(None):
            label = str(control.label)
        values = {
            "label": label,
            "kind": RuleKind.CONTROL,
            "channel": "" if control.channels == EVERY else Channel.EMAIL.value,
            "order": position,
            "level": control.level.value,
        }
        rule, created = TypologyRule.objects.using(using).get_or_create(code=CODE + control.id, defaults=values)
        if created:
            default.rules.add(rule)


def pin(delivery: Delivery) -> Pinned:
    """The rules that apply to a delivery, in the order in which they look; with what it says of its target itself."""
    says = {Exclusion.CONTROL_GROUP: delivery.control_group, Exclusion.SIZE_LIMIT: delivery.size_limit}
    asked = [rule.value for rule, value in says.items() if value]
    rules = [rule for rule in applicable(delivery.typology, delivery.channel, asked) if _applies(rule, delivery)]
    own: dict[str, dict[str, Any]] = {
        Exclusion.FATIGUE: {"contact_at": delivery.contact_at.isoformat() if delivery.contact_at else None},
        Exclusion.CONTROL_GROUP: {"group": controlgroups.pinned(delivery.control_group)},
        Exclusion.SIZE_LIMIT: {"limit": delivery.size_limit},
    }
    return [_with(rule.pinned(), own.get(rule.exclusion, {})) for rule in rules]


def _with(pinned: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    return pinned | {"parameters": pinned["parameters"] | parameters}


def causes(pinned: Pinned) -> list[tuple[str, str]]:
    """(exclusion, detail) of each rule that leaves people out, in their order; what an own rule's detail is: its ID."""
    left = [rule for rule in pinned if rule["exclusion"]]
    return [(rule["exclusion"], rule["code"] if rule["exclusion"] in OWN_RULES.values() else "") for rule in left]


def current(channel: Channel, typology: str = "") -> Pinned:
    """The rules that a delivery by this channel would be prepared by now, without what is true of some deliveries only.

    `typology` is an id as a form has it; the default where it is none.
    """
    number = int(typology) if typology.isascii() and typology.isdigit() and len(typology) < 19 else 0
    chosen = Typology.objects.filter(pk=number).first() or Typology.objects.get(code=DEFAULT_TYPOLOGY)
    return [rule.pinned() for rule in applicable(chosen, channel) if not rule.criteria]


def applicable(typology: Typology, channel: str, asked: Iterable[str] = ()) -> list[TypologyRule]:
    """Active rules of the typology for the channel; whatever it names, those that protect people and those asked for."""
    named = Q(pk__in=typology.rules.values("pk")) | Q(code__in=PROTECTING)
    rules = TypologyRule.objects.filter(named & Q(is_active=True) | Q(code__in=asked), channel__in=["", channel])
    return sorted(rules, key=lambda rule: (POSITIONS.get(rule.exclusion, len(POSITIONS)), rule.order, rule.pk))


def _applies(rule: TypologyRule, delivery: Delivery) -> bool:
    """Whether the delivery meets the rule's application criteria."""
    wanted = rule.criteria
    return (
        wanted.get("channel", delivery.channel) == delivery.channel
        and wanted.get("service", delivery.service_id) == delivery.service_id
        and wanted.get("label", "").casefold() in delivery.label.casefold()
    )


def save_rule(rule: TypologyRule, values: dict[str, Any], *, typologies: QuerySet[Typology], by: AbstractUser) -> TypologyRule:
    """Create a rule, or change it where nobody else did since `rule` was read; ChangedMeanwhile otherwise.

    A typology that gains or loses it has changed as well.
    """
    with transaction.atomic():
        chosen = set(typologies.values_list("pk", flat=True))
        before = set(rule.typologies.values_list("pk", flat=True)) if rule.pk else set()
        _changed(Typology, chosen ^ before)  # first, as save_typology() does: both lock in the same order
        saved = _store(TypologyRule, rule, values, by=by)
        saved.typologies.set(chosen)
    return saved


def save_typology(typology: Typology, values: dict[str, Any], *, rules: QuerySet[TypologyRule], by: AbstractUser) -> Typology:
    """The same for a typology and the rules that it names."""
    with transaction.atomic():
        saved = _store(Typology, typology, values, by=by)
        chosen, before = (set(some.values_list("pk", flat=True)) for some in (rules, saved.rules))
        _changed(TypologyRule, chosen ^ before)
        saved.rules.set(chosen)
    return saved


def _changed(model: Any, ids: set[int]) -> None:
    """What somebody saves from a form that was shown before is refused."""
    model.objects.filter(pk__in=ids).update(revision=F("revision") + 1)


def remove(row: TypologyRule | Typology, *, by: AbstractUser) -> None:
    """Delete an own rule, or a typology that no delivery uses (ProtectedError otherwise). What is prepared keeps its rules."""
    with transaction.atomic():
        LogEntry.objects.log_actions(by.pk, [row], DELETION, single_object=True)
        row.delete()


def _store(model: Any, row: Any, values: dict[str, Any], *, by: AbstractUser) -> Any:
    stored = values | {"modified_by": actor(by)}
    if row.pk is None:
        created = model.objects.create(**stored)
        LogEntry.objects.log_actions(by.pk, [created], ADDITION, [{"added": {}}], single_object=True)
        return created
    unchanged = model.objects.filter(pk=row.pk, revision=row.revision)
    if not unchanged.update(**stored, modified_at=timezone.now(), revision=F("revision") + 1):
        raise ChangedMeanwhile
    fields = [str(model._meta.get_field(name).verbose_name) for name in values]
    LogEntry.objects.log_actions(by.pk, [row], CHANGE, [{"changed": {"fields": fields}}], single_object=True)
    return model.objects.get(pk=row.pk)


def used_by(typology: Typology) -> QuerySet[Delivery]:
    return Delivery.objects.filter(typology=typology)


def own_rules() -> QuerySet[TypologyRule]:
    return TypologyRule.objects.filter(code="", kind__in=[RuleKind.FILTERING, RuleKind.FATIGUE])


def uses(lists: set[int]) -> Iterator[tuple[int, Use]]:
    """The rules that name one of the frozen lists; one that is not active may be so again."""
    for rule in own_rules().filter(kind=RuleKind.FILTERING):
        for pk in saved_audiences.lists_in(rule.parameters.get("audience", {})) & lists:
            yield pk, Use(str(rule), reverse("deliveries:typology_rule", args=[rule.pk]))
