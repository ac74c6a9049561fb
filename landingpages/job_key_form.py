"""The reconciliation key and its mapping, as an operator chooses them: a line per field of a profile."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from landingpages import constants, keys
from landingpages.blocks import FIELDS, known
from landingpages.keys import Part
from landingpages.models import BlockKind, LandingPage
from landingpages.snapshots import labels
from profiles.wasshown import remember

CONSTANT = "constant"
BLOCK = "form:"


class KeyForm(forms.Form):
    """For each field: not part of the key, from a block of the page, or a constant."""

    def __init__(self, page: LandingPage, data: Any = None) -> None:
        super().__init__(data, prefix="key")
        parts = {part.field: part for part in keys.parts(vars(page))}
        blocks = _blocks(page)
        for name in keys.LOOKUPS:
            part = parts.get(name, Part(name))
            self._add(part, blocks)
        for field in self.fields.values():
            remember(field)

    def _add(self, part: Part, blocks: dict[str, str]) -> None:
        label = FIELDS[part.field].label
        own = {part.field: _("Block of this field")} | blocks
        if part.form:
            own.setdefault(part.form, part.form)
        choices = [
            ("", _("Not part of the key")),
            *((BLOCK + name, text) for name, text in own.items()),
            (CONSTANT, _("Constant")),
        ]
        chosen = CONSTANT if part.constant else BLOCK + part.form if part.form else ""
        self.fields[part.field] = forms.ChoiceField(
            label=_("%(field)s: comes from") % {"field": label}, choices=choices, required=False, initial=chosen
        )
        self.fields[f"{part.field}_constant"] = forms.CharField(
            label=_("%(field)s: constant") % {"field": label}, max_length=200, required=False, initial=part.constant
        )

    @property
    def rows(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        """Label, where the value comes from, and the constant, for each field."""
        return [(FIELDS[name].label, self[name], self[f"{name}_constant"]) for name in keys.LOOKUPS]

    def clean(self) -> None:
        for name in keys.LOOKUPS:
            if self.cleaned_data.get(name) == CONSTANT:
                self._normalise(name)
        typed = [name for name in keys.STRONG if str(self.cleaned_data.get(name, "")).startswith(BLOCK)]
        if not typed and not self.errors:
            told = _("The key needs an email, a mobile or an external ID that comes from a block.")
            self.add_error("email", told)

    def _normalise(self, name: str) -> None:
        text = self.cleaned_data.get(f"{name}_constant", "")
        try:
            if not text:
                raise ValidationError(_("Write the constant."))
            self.cleaned_data[f"{name}_constant"] = constants.read(FIELDS[name], text)
        except ValidationError as refusal:
            self.add_error(f"{name}_constant", refusal)

    def values(self) -> dict[str, Any]:
        """Key and mapping, where this operator changed one of them."""
        if not self.changed_data:
            return {}
        chosen = {name: self.cleaned_data[name] for name in keys.LOOKUPS if self.cleaned_data[name]}
        mapping = {
            name: {"constant": self.cleaned_data[f"{name}_constant"]} if source == CONSTANT else {"form": source[len(BLOCK) :]}
            for name, source in chosen.items()
            if source != BLOCK + name
        }
        return {"reconciliation_key": "+".join(chosen), "key_mapping": mapping}


def _blocks(page: LandingPage) -> dict[str, str]:
    """The fields that blocks of the page fill in, boxes left out, each with the label of its block."""
    bound = [block for block in page.blocks.all() if block.field and block.kind != BlockKind.CHECKBOX]
    fields = known(block.field for block in bound)
    found = {}
    for block in bound:
        label = next(iter(labels({"texts": block.texts}).values()), "")
        if block.field in fields:
            found[block.field] = _("Block “%(label)s”") % {"label": label or fields[block.field].label}
    return found
