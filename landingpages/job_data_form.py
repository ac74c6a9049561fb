"""Additional data: what every submission stores besides what was typed (reference 3.8.5)."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from landingpages import constants
from landingpages.blocks import BoundField
from landingpages.models import LandingPage
from profiles import customfields
from profiles.wasshown import remember

EMPTY, MOST = 3, 30  # lines to fill in, and lines altogether


class DataForm(forms.Form):
    """A line per pair of field and value, and a few empty ones; saving brings more."""

    def __init__(self, page: LandingPage, data: Any = None) -> None:
        super().__init__(data, prefix="data")
        self.offered: dict[str, BoundField] = {field.name: field for field in constants.offered()}
        places = {name: place for place, name in enumerate(self.offered)}  # PostgreSQL keeps no order of its own
        stored = sorted(page.additional_data.items(), key=lambda pair: (places.get(pair[0], len(places)), pair[0]))
        sent = str(data.get("data-lines", "")) if data else ""
        shown = int(sent[:3]) if sent.isascii() and sent.isdecimal() else 0
        self.count = min(max(len(stored) + EMPTY, shown), MOST)
        choices = [("", _("Choose…")), *((name, field.label) for name, field in self.offered.items())]
        for number in range(self.count):
            name, value = stored[number] if number < len(stored) else ("", "")
            known = choices if name in self.offered or not name else [*choices, (name, name)]
            place = {"number": number + 1}
            source = forms.ChoiceField(label=_("Field %(number)s") % place, choices=known, required=False, initial=name)
            text = forms.CharField(
                label=_("Value %(number)s") % place, max_length=500, required=False, initial=self._shown(name, value)
            )
            self.fields |= {f"field_{number}": source, f"value_{number}": text}
        for field in self.fields.values():
            remember(field)

    def _shown(self, name: str, value: Any) -> str:
        bound = self.offered.get(name)
        if bound and bound.custom:
            return customfields.as_text(bound.custom, value)
        return "yes" if value is True else str(value)

    @property
    def lines(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"field_{number}"], self[f"value_{number}"]) for number in range(self.count)]

    def clean(self) -> None:
        self.pairs: dict[str, Any] = {}
        for number in range(self.count):
            for place, told in self._read(number):
                self.add_error(f"{place}_{number}", told)

    def _read(self, number: int) -> Iterator[tuple[str, Any]]:
        """Take a line; what is wrong with it, and at which of its two inputs."""
        name, text = self.cleaned_data.get(f"field_{number}", ""), self.cleaned_data.get(f"value_{number}", "")
        if not name:
            if text and f"field_{number}" not in self.errors:
                yield "field", _("Choose the field that this value belongs to.")
        elif name in self.pairs:
            yield "field", _("Another line fills this field.")
        elif name not in self.offered:
            yield "field", _("No page can fill this field any more: leave the line empty.")
        elif not text:
            yield "value", _("Write the value.")
        else:
            try:
                self.pairs[name] = constants.read(self.offered[name], text)
            except ValidationError as refusal:
                yield "value", refusal

    def values(self) -> dict[str, Any]:
        """All pairs, where this operator changed one."""
        return {"additional_data": self.pairs} if self.changed_data else {}
