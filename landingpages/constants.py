"""Values that an operator writes down once and every submission brings along: of the key, and additional data."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Field
from django.utils.translation import gettext as _

from landingpages import blocks, inputs, jobs
from landingpages.blocks import BoundField
from profiles.channels import OPT_OUT_FIELDS
from profiles.values import is_given

NEVER = ("email", "mobile", "external_id")  # who somebody is: no page says the same of everybody
YES = {"yes", "true", "1", "on", "oui"}
NO = {"no", "false", "0", "off", "non"}
SCOPES = {field: scope for scope, field in OPT_OUT_FIELDS.items()}


def read(bound: BoundField, text: str) -> Any:
    """The value of the text for this field, normalised as what visitors type; ValidationError where it is none.

    A box may only be ticked: no constant clears an opt-out (design decision 16).
    """
    if bound.scope or bound.is_answer:
        ticked = _tick(text)
        if bound.scope and not ticked:
            raise ValidationError(_("A page can only tick this box: write yes. Only a person clears it."))
        return ticked
    field = inputs.input_for(bound)
    field.required = False
    value = field.clean(_code(field, text.strip()))
    return "" if value is None else value


def _code(field: Field, text: str) -> str:
    """The code of a choice that is written by its name."""
    choices = getattr(field, "choices", None) or []
    return next((str(code) for code, label in choices if str(label).casefold() == text.casefold()), text)


def _tick(text: str) -> bool:
    word = text.strip().lower()
    if word not in YES | NO:
        raise ValidationError(_("Write yes or no."))
    return word in YES


def offered() -> list[BoundField]:
    """The fields that additional data can fill."""
    every = [*blocks.FIELDS.values(), *blocks.custom_fields()]
    return [field for field in every if field.name not in NEVER]


def of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Name -> value of the ordinary fields that the page sets; of its boxes see `ticks`."""
    stored = jobs.setting(content, "additional_data")
    return {name: value for name, value in stored.items() if name not in SCOPES and name not in NEVER and is_given(value)}


def ticks(content: Mapping[str, Any]) -> list[str]:
    """The scopes of the boxes that the page ticks."""
    stored = jobs.setting(content, "additional_data")
    return [scope for field, scope in SCOPES.items() if stored.get(field) is True]
