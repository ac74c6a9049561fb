"""What a page does about services: its boxes, and the service that its button subscribes to or unsubscribes from.

A page with the service in its URL serves several: `resolved` makes of it the page of the one that a visitor came for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.text import slugify

from landingpages import jobs
from landingpages.job_models import SERVICE_ACTIONS, SpecificAction
from landingpages.models import BlockKind
from profiles import subscriptions
from profiles.consent import Evidence
from profiles.models import Profile, Service, Source, Subscription
from profiles.subscriptions import ServiceClosed

Content = Mapping[str, Any]
SERVICE = "service"  # the name of a service in the query, and in a submission
MOST = 50  # characters of that name


@dataclass(frozen=True)
class Answers:
    """What was answered about services: id -> subscribed, and the boxes "check to subscribe" that stayed empty.

    An empty box means nothing by itself: only where it was shown ticked does it end the subscription (reference 3.5.9).
    """

    wanted: dict[int, bool] = field(default_factory=dict)
    left_empty: list[int] = field(default_factory=list)


def boxes(content: Content) -> list[dict[str, Any]]:
    """The blocks that are about a service, in their order."""
    return [block for block in content["blocks"] if block["kind"] == BlockKind.SERVICE and block.get("service_id")]


def own_service(content: Content) -> int:
    """The id of the service that sending the page is about; 0 for pages that do something else."""
    return int(content["settings"].get("service_id") or 0) if jobs.action(content) in SERVICE_ACTIONS else 0


def resolved(content: dict[str, Any], name: str) -> dict[str, Any]:
    """The content as it is for who came with this name of a service; that of a page of one service, or none, unchanged."""
    if not jobs.names_services(content):
        return content
    settings = content["settings"]
    return {**content, "settings": {**settings, "service_id": settings["served"].get(name)}}


def name_of(content: Content, service_id: int) -> str:
    """The name of a service in the URL of a page that serves it; "" where the URL names none."""
    served = jobs.setting(content, "served") if jobs.names_services(content) else {}
    return next((name for name, number in served.items() if number == service_id), "")


def named(services: Iterable[Service], former: Mapping[str, int]) -> dict[str, int]:
    """Name -> id of the services; who has a name keeps it, so that links that have left go on leading to the same."""
    kept = {number: name for name, number in former.items()}
    names: dict[str, int] = {}
    for service in services:
        stem = slugify(service.public_label)[:MOST].strip("-_") or "service"
        taken = {*names, *former} - {kept.get(service.pk)}
        free = (name for name in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))) if name not in taken)
        names[kept.get(service.pk) or next(free)] = service.pk
    return names


def service_ids(content: Content) -> list[int]:
    """Every service that the page is about, the page's own first; each once."""
    own = own_service(content)
    return list(dict.fromkeys([*([own] if own else []), *(int(block["service_id"]) for block in boxes(content))]))


def load(content: Content) -> dict[int, Service]:
    """The services of the page that exist; no query where it is about none."""
    ids = service_ids(content)
    return Service.objects.in_bulk(ids) if ids else {}


def key(service_id: int) -> str:
    """The name of the answer in a submission, and of its wording."""
    return f"service:{service_id}"


def answers(content: Content, values: Mapping[str, Any]) -> Answers:
    """What the sent values say; nothing passes that the page does not ask."""
    wanted: dict[int, bool] = {}
    left_empty: list[int] = []
    for block in boxes(content):
        service_id, given = int(block["service_id"]), values.get(key(block["service_id"]))
        if given is True:
            wanted[service_id] = block["is_positive"]
        elif given is False and block["is_positive"]:
            left_empty.append(service_id)
    if own := own_service(content):
        wanted[own] = jobs.action(content) == SpecificAction.SUBSCRIPTION
    return Answers(wanted, left_empty)


def current(profile: Profile, ids: Iterable[int]) -> set[int]:
    """Which of the services the profile is subscribed to."""
    held = Subscription.objects.current().filter(profile=profile, service__in=ids)
    return set(held.values_list("service", flat=True))


def apply(
    profile: Profile,
    wanted: Mapping[int, bool],
    *,
    source: Source,
    evidence: Evidence,
    wordings: Mapping[str, str],
    language: str,
) -> list[Service]:
    """Subscribe and unsubscribe the profile, each row of the ledger with its own wording.

    Returns the services that take nobody any more: those were left as they were.
    """
    closed: list[Service] = []
    found = Service.objects.in_bulk(list(wanted)) if wanted else {}
    for service_id, service in found.items():
        shown = replace(evidence, wording=wordings.get(key(service_id), evidence.wording))
        verb = subscriptions.subscribe if wanted[service_id] else subscriptions.unsubscribe
        try:
            verb(profile, service, source=source, evidence=shown, language=language)
        except ServiceClosed:
            closed.append(service)
    return closed
