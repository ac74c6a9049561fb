"""Values of any kind as people read them."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from profiles.templatetags.moments import FULL

register = template.Library()


@register.filter
def answer(value: Any) -> str:
    """Yes or no, a full date, a list; a dash for nothing."""
    match value:
        case None | "" | [] | {}:
            return "–"
        case bool():
            return _("yes") if value else _("no")
        case int() | float():
            return number_format(value, force_grouping=False)
        case datetime():
            return date_format(timezone.localtime(value), FULL)
        case date():
            return date_format(value)
        case list():
            return ", ".join(map(answer, value))
        case dict():
            return "; ".join(f"{name}: {answer(one)}" for name, one in value.items() if one not in (None, "", [], {}))
    return str(value)


@register.filter
def cells(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """(label, value) of a row, in order: templates cannot look up a label with spaces."""
    return list(row.items())
