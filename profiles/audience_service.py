"""The condition of an audience that the form of a delivery has a field of its own for: whose subscribers it is for."""

from profiles.audiences import Tree
from profiles.models import Service

UNKNOWN = 0  # the number of a service that does not exist


def subscribers(service: int) -> Tree:
    return {"field": "service", "operator": "subscribed", "value": service}


def without_service(tree: Tree, service: int | None) -> Tree:
    """The tree without the condition that the form's own field for the service stands for."""
    match tree:
        case {"all": list(parts)} if service and subscribers(service) in parts:
            place = parts.index(subscribers(service))
            return {"all": parts[:place] + parts[place + 1 :]}
    return tree


def with_service(tree: Tree, service: int | None) -> Tree:
    """The tree, for subscribers of the service only."""
    match tree:
        case _ if service is None:
            return tree
        case {"all": list(parts)}:
            return {"all": [*parts, subscribers(service)]}
    return {"all": [tree, subscribers(service)]}


def chosen(text: str) -> int | None:
    """None where none is chosen. UNKNOWN for one that does not exist: left out, it would mean everybody."""
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    found = Service.objects.filter(pk=text).values_list("pk", flat=True).first() if is_number else None
    return found or UNKNOWN
