"""Forms of typologies and their rules. Whom a filtering rule leaves out is the audience builder's."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from deliveries.typology_models import Typology, TypologyRule
from profiles.models import Service

CHANNELS = {"all": gettext_lazy("of every channel"), "own": gettext_lazy("of the delivery’s channel")}


class Revised(forms.ModelForm):
    """Names the revision that was shown; `values` are the columns that it sets."""

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)

    @property
    def shown_revision(self) -> int:
        revision = self.cleaned_data["revision"]
        return -1 if revision is None else int(revision)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class TypologyForm(Revised):
    rules = forms.ModelMultipleChoiceField(
        TypologyRule.objects.none(), label=gettext_lazy("Rules"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Typology
        fields = ("label", "description")
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, choices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rules"].queryset = choices  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial.setdefault("rules", list(self.instance.rules.values_list("pk", flat=True)))
            self.fields["label"].disabled = bool(self.instance.code)


class BuiltInRuleForm(Revised):
    """Of a rule that Heed brings, only whether it is active."""

    class Meta:
        model = TypologyRule
        fields: tuple[str, ...] = ("is_active",)


class ControlRuleForm(Revised):
    """Of a control rule, whether it is active, and the highest level that its findings may have."""

    class Meta:
        model = TypologyRule
        fields: tuple[str, ...] = ("is_active", "level")
        help_texts = {"level": gettext_lazy("An error blocks the confirmation, a warning does not.")}


class RuleForm(Revised):
    service = forms.ModelChoiceField(
        Service.objects.all(),
        label=gettext_lazy("Only deliveries of the service"),
        required=False,
        empty_label=gettext_lazy("Every delivery"),
    )
    label_part = forms.CharField(label=gettext_lazy("Only deliveries whose label contains"), required=False, max_length=128)
    typologies = forms.ModelMultipleChoiceField(
        Typology.objects.all(), label=gettext_lazy("Typologies"), required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = TypologyRule
        fields: tuple[str, ...] = ("label", "channel", "order", "is_active", "description")
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}
        help_texts = {"order": gettext_lazy("Own rules look in this order, the lowest first.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            ("", gettext_lazy("All channels")),
            *self.fields["channel"].choices[1:],  # type: ignore[attr-defined]
        ]
        rule = self.instance
        chosen = rule.typologies.all() if rule.pk else Typology.objects.exclude(code="")
        self.initial.setdefault("service", rule.criteria.get("service"))
        self.initial.setdefault("label_part", rule.criteria.get("label", ""))
        self.initial.setdefault("typologies", [typology.pk for typology in chosen])

    def criteria(self) -> dict[str, Any]:
        service, label = self.cleaned_data["service"], self.cleaned_data["label_part"]
        return ({"service": service.pk} if service else {}) | ({"label": label} if label else {})


class FatigueForm(RuleForm):
    messages = forms.IntegerField(label=gettext_lazy("At most"), min_value=1, max_value=1000, initial=3)
    days = forms.IntegerField(label=gettext_lazy("Days before and after the contact date"), min_value=1, max_value=365, initial=7)
    channels = forms.ChoiceField(label=gettext_lazy("Messages"), choices=list(CHANNELS.items()))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = self.instance.parameters | dict(self.initial)

    def parameters(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("messages", "days", "channels")}
