"""When a block is shown: always, or depending on a field of the visitor. `visible_when` = {"field", "operator", "value"}."""

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from landingpages.visitors import Visitor


class Operator(TextChoices):
    IS = "is", _("is")
    IS_NOT = "is_not", _("is not")
    FILLED = "filled", _("is filled")
    EMPTY = "empty", _("is empty")


COMPARING = (Operator.IS, Operator.IS_NOT)  # those that need a value


def clean(condition: Mapping[str, Any]) -> dict[str, str]:
    """A condition with nothing else in it; {} for "always"."""
    name, operator = str(condition.get("field", "")), str(condition.get("operator", ""))
    if not name or operator not in Operator.values:
        return {}
    value = str(condition.get("value", "")).strip() if operator in COMPARING else ""
    return {"field": name, "operator": operator, "value": value}


def is_visible(block: Mapping[str, Any], visitor: Visitor) -> bool:
    """Whether this visitor is shown the block, and may fill it in."""
    condition = block.get("visible_when")
    if not condition:
        return True
    known = visitor.value(condition["field"]).casefold()
    match Operator(condition["operator"]):
        case Operator.IS:
            return known == condition["value"].casefold()
        case Operator.IS_NOT:
            return known != condition["value"].casefold()
        case Operator.FILLED:
            return bool(known)
    return not known


def is_conditional(block: Mapping[str, Any]) -> bool:
    return bool(block.get("visible_when"))
