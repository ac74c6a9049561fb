"""Forms that send along what they showed: unchanged means as it was shown, whatever is stored by now."""

from typing import Any

from django import forms


class WasShown(forms.HiddenInput):
    """What a field showed, sent along with what it says now. Nobody reads it, so no help describes it."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        given = context["widget"]["attrs"]
        context["widget"]["attrs"] = {key: own for key, own in given.items() if not key.startswith("aria-")}
        return context


def remember(field: forms.Field) -> None:
    """Have the form send along what the field showed."""
    field.show_hidden_initial = True
    field.hidden_widget = WasShown
