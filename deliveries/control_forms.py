"""The control group in the form of a delivery."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries.controlgroups import FIRST, RANDOM, SORTED_BY, Group

NONE, PERCENT = "", "percent"
KINDS = [
    (NONE, gettext_lazy("None")),
    (PERCENT, gettext_lazy("Percent, drawn at random")),
    (RANDOM, gettext_lazy("Number of people, drawn at random")),
    (FIRST, gettext_lazy("Number of people, the first in an order")),
]


class ControlGroupFields(forms.Form):
    """Three fields that say who of the target gets nothing, to compare with."""

    control_kind = forms.ChoiceField(label=gettext_lazy("Control group"), required=False, choices=KINDS)
    control_number = forms.IntegerField(
        label=gettext_lazy("Size of the control group"), required=False, min_value=1, max_value=1_000_000_000
    )
    control_by = forms.ChoiceField(label=gettext_lazy("Order"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["control_by"].choices = orders()  # type: ignore[attr-defined]

    def control_initial(self, group: Group) -> dict[str, Any]:
        kind = PERCENT if "percent" in group else group.get("kind", NONE)
        number = group.get("percent") or group.get("number")
        return {"control_kind": kind, "control_number": number, "control_by": group.get("by", "created_at")}

    def clean(self) -> dict[str, Any] | None:
        kind, number = self.cleaned_data.get("control_kind"), self.cleaned_data.get("control_number")
        if kind and number is None and "control_number" not in self.errors:
            self.add_error("control_number", _("How many people are in the control group?"))
        if kind == PERCENT and number is not None and number > 99:
            self.add_error("control_number", _("At most 99 percent."))
        return super().clean()

    def control_group(self) -> Group:
        """As deliveries.controlgroups describes it."""
        kind, number = self.cleaned_data["control_kind"], self.cleaned_data["control_number"]
        by = self.cleaned_data["control_by"] or "created_at"
        groups: dict[str, Group] = {
            PERCENT: {"kind": RANDOM, "percent": number},
            RANDOM: {"kind": RANDOM, "number": number},
            FIRST: {"kind": FIRST, "number": number, "by": by},
        }
        return groups.get(kind, {})


def orders() -> list[tuple[str, str]]:
    """Every column that people can be sorted by, up and down."""
    pairs = []
    for column, label in SORTED_BY.items():
        pairs += [(column, str(label)), (f"-{column}", _("%(order)s, the last first") % {"order": label})]
    return pairs
