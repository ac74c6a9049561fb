"""The first refusals and the first changes of a check, field by field, to be looked at before an import starts."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from profiles import customfields, regions
from profiles.columns import CUSTOM
from profiles.importing import Batch, Plan
from profiles.matching import Change, Layout
from profiles.models import CustomField, Profile

SHOWN = 20


class Preview:
    """Collects while the batches come; as_data() is JSON, and in_words() reads it in the operator's language."""

    def __init__(self, plan: Plan) -> None:
        self.layout = Layout(plan.fields.values())
        self.refusals = list[dict[str, Any]]()
        self.changes = list[dict[str, Any]]()

    def add(self, batch: Batch) -> None:
        for one in batch.rejects[: SHOWN - len(self.refusals)]:
            self.refusals.append({"line": one.record.line, "column": one.column, "value": one.value, "why": one.why})
        if len(self.changes) >= SHOWN:
            return
        overwritten = _overwritten(batch)
        for line, change in batch.changes:
            if len(self.changes) >= SHOWN:
                return
            if change.created or change.fields:
                self.changes.append(self._change(line, change, overwritten.get(id(change.entry), {})))

    def _change(self, line: int, change: Change, overwritten: dict[int, Any]) -> dict[str, Any]:
        layout, state = self.layout, [overwritten.get(place, value) for place, value in enumerate(change.entry.state)]
        name = state[layout.email] or state[layout.mobile] or ""
        if change.created:
            fields = [
                [name, None, _plain(value)]
                for name, value in zip(layout.fields, state, strict=False)
                if value not in (None, "", False)
            ]
        else:
            fields = [[layout.columns[place], _plain(before), _plain(after)] for place, (before, after) in change.fields.items()]
        return {"line": line, "name": name, "created": change.created, "fields": fields}

    def as_data(self) -> dict[str, Any]:
        return {"refusals": self.refusals, "changes": self.changes}


def _overwritten(batch: Batch) -> dict[int, dict[int, Any]]:
    """What each profile held where a row of the batch changed it, before the first such row; profiles by their identity."""
    found: dict[int, dict[int, Any]] = {}
    for _line, change in batch.changes:
        held = found.setdefault(id(change.entry), {})
        for place, (before, _after) in change.fields.items():
            held.setdefault(place, before)
    return found


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def in_words(changes: list[dict[str, Any]], custom: list[CustomField]) -> list[dict[str, Any]]:
    """The changes as people read them: labels and values in the active language."""
    labels = {str(field.name): str(field.verbose_name) for field in Profile._meta.fields}
    definitions = {CUSTOM + one.key: one for one in custom}
    labels |= {name: one.label for name, one in definitions.items()}

    def told(name: str, before: Any, after: Any) -> dict[str, str]:
        label = labels.get(name, name)
        return {"label": label, "before": _word(name, before, definitions), "after": _word(name, after, definitions)}

    return [change | {"fields": [told(*field) for field in change["fields"]]} for change in changes]


def _word(name: str, value: Any, definitions: dict[str, CustomField]) -> str:
    if value in (None, ""):
        return ""
    if name in definitions:
        return customfields.in_words(definitions[name], value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "country":
        return regions.country_name(value)
    return regions.language_name(value) if name == "preferred_language" else str(value)
