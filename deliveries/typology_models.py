"""Typologies, their rules, and the lists of excluded addresses and domains."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from deliveries.statuses import OWN_RULES, PROTECTING, SET_BY_DELIVERIES, Exclusion
from profiles.channels import Channel
from profiles.fields import ByteOrderedField

DEFAULT_TYPOLOGY = "defaultTypology"


class RuleKind(models.TextChoices):
    FILTERING = "filtering", _("Filtering")
    FATIGUE = "fatigue", _("Fatigue")
    CONTROL = "control", _("Control")


class RuleLevel(models.TextChoices):
    """What a control rule's finding means: errors block the confirmation."""

    WARNING = "warning", _("Warning")
    ERROR = "error", _("Error")


class TypologyRule(models.Model):
    """One rule of a preparation. Those that Heed brings have a code, and only what `is_active` and `level` say changes.

    `criteria` are the deliveries that it applies to: {} is all, else "channel", "service" (id) and "label" (a part of it)
    that must all fit. `parameters`: {"audience": tree} of a filtering rule, whom it leaves out; {"messages": most, "days":
    period, "channels": "all" or "own"} of a fatigue rule.
    """

    label = models.CharField(_("label"), max_length=128)
    code = models.CharField(max_length=40, blank=True, default="", editable=False)
    kind = models.CharField(_("type"), max_length=30, choices=RuleKind, default=RuleKind.FILTERING)
    channel = models.CharField(_("channel"), max_length=30, choices=Channel, blank=True, default="")
    order = models.PositiveSmallIntegerField(_("execution order"), default=50)
    is_active = models.BooleanField(_("active"), default=True)
    level = models.CharField(_("level"), max_length=30, choices=RuleLevel, blank=True, default="")
    description = models.TextField(_("description"), blank=True)
    criteria = models.JSONField(_("application criteria"), default=dict, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("typology rule")
        verbose_name_plural = _("typology rules")
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="one_rule_per_code"),
            models.CheckConstraint(
                condition=Q(is_active=True) | ~Q(code__in=PROTECTING), name="rules_that_protect_people_are_active"
            ),
            models.CheckConstraint(
                condition=Q(kind=RuleKind.CONTROL) & ~Q(level="") | ~Q(kind=RuleKind.CONTROL) & Q(level=""),
                name="a_control_rule_has_a_level",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.identifier})"

    @property
    def identifier(self) -> str:
        """The generated ID, such as RL89."""
        return self.code or f"RL{self.pk}"

    @property
    def name(self) -> str:
        """The label; a rule that Heed brings is named in the reader's language."""
        if self.code in Exclusion.values:
            return str(Exclusion(self.code).label)
        return gettext(self.label) if self.code else self.label

    @property
    def is_built_in(self) -> bool:
        return bool(self.code)

    @property
    def is_protecting(self) -> bool:
        """Whether nobody can switch it off: nobody is contacted who asked not to be, or cannot be reached."""
        return self.code in PROTECTING

    @property
    def is_set_by_deliveries(self) -> bool:
        """Whether it applies to the deliveries that ask for it, and to no other, whatever their typology."""
        return self.code in SET_BY_DELIVERIES

    @property
    def exclusion(self) -> str:
        """The reason that those whom it leaves out get; empty for a control rule."""
        if self.kind == RuleKind.CONTROL:
            return ""
        return self.code or OWN_RULES[self.kind]

    def pinned(self) -> dict[str, Any]:
        """What a preparation keeps of it."""
        names = ("label", "kind", "exclusion", "level", "parameters")
        return {"code": self.identifier} | {name: getattr(self, name) for name in names}


class Typology(models.Model):
    """A set of rules that deliveries choose. The rules that protect people apply whether it names them or not."""

    label = models.CharField(_("label"), max_length=128)
    code = models.CharField(max_length=40, blank=True, default="", editable=False)
    description = models.TextField(_("description"), blank=True)
    rules = models.ManyToManyField(TypologyRule, blank=True, related_name="typologies", verbose_name=_("rules"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("typology")
        verbose_name_plural = _("typologies")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="one_typology_per_code"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.identifier})"

    @property
    def identifier(self) -> str:
        return self.code or f"TY{self.pk}"

    @property
    def name(self) -> str:
        return str(_("Default typology")) if self.code == DEFAULT_TYPOLOGY else self.label


def default_typology() -> int:
    """The id of the typology that a delivery has unless another is chosen."""
    return Typology.objects.values_list("pk", flat=True).get(code=DEFAULT_TYPOLOGY)


class ExcludedAddress(models.Model):
    """An address that no delivery is sent to, whoever has it; normalised as profiles have it."""

    channel = models.CharField(_("channel"), max_length=30, choices=Channel)
    address = ByteOrderedField(_("address"), max_length=254)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("excluded address")
        verbose_name_plural = _("excluded addresses")
        ordering = ["address", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "address"], name="an_address_is_excluded_once"),
            models.CheckConstraint(condition=~Q(address=""), name="an_excluded_address_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.address


class ExcludedDomain(models.Model):
    """A domain that no email is sent to: what stands after the @, in lower case and ASCII. Its subdomains are others."""

    domain = ByteOrderedField(_("domain"), max_length=254, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("excluded domain")
        verbose_name_plural = _("excluded domains")
        ordering = ["domain"]
        constraints = [models.CheckConstraint(condition=~Q(domain=""), name="an_excluded_domain_is_not_empty")]

    def __str__(self) -> str:
        return self.domain
