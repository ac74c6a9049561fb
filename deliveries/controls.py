"""Control rules: what is looked at before anybody may confirm (reference 6.6). Errors block, warnings do not.

A rule looks at the content that a preparation has pinned. Its level is the highest that its lines may have: lowered to a
warning, it blocks nothing any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deliveries import content, content_links, content_pages, outside_checks
from deliveries.content import Case
from deliveries.journal import Line
from deliveries.models import Level, Preparation
from deliveries.typology_models import RuleKind
from profiles.channels import Channel


class Phase(TextChoices):
    """When a rule looks, in this order (reference 6.5.7)."""

    START_OF_TARGETING = "start_of_targeting", _("At the start of targeting")
    AFTER_TARGETING = "after_targeting", _("After targeting")
    START_OF_PERSONALIZATION = "start_of_personalization", _("At the start of personalization")
    END_OF_PERSONALIZATION = "end_of_personalization", _("At the end of personalization")


CODE = "control_"  # begins the ID of a control rule among the rules of typologies
EMAIL = frozenset({Channel.EMAIL})
EVERY = frozenset(Channel)
SEVERITY = {Level.INFORMATION: 0, Level.WARNING: 1, Level.ERROR: 2}


@dataclass(frozen=True)
class ControlRule:
    """One sentence says what it checks. `asks_outside`: it waits for the network, so no request may run it."""

    id: str
    label: Promise
    phase: Phase
    level: Level
    check: Callable[[Case], Iterable[Line]]
    channels: frozenset[Channel] = EMAIL
    asks_outside: bool = False


CONTROL_RULES = (
    ControlRule("sender", _("Check the sender"), Phase.START_OF_TARGETING, Level.ERROR, content.sender),
    ControlRule("service", _("Check the service"), Phase.START_OF_TARGETING, Level.ERROR, content.service, EVERY),
    ControlRule("content", _("Check that the content is not empty"), Phase.AFTER_TARGETING, Level.ERROR, content.empty, EVERY),
    ControlRule("size", _("Check the size of the message"), Phase.AFTER_TARGETING, Level.ERROR, content.size, EVERY),
    ControlRule("proof_size", _("Check the size of the proof"), Phase.AFTER_TARGETING, Level.ERROR, content.proof_size, EVERY),
    ControlRule("subject", _("Check the subject"), Phase.START_OF_PERSONALIZATION, Level.ERROR, content.subject),
    ControlRule(
        "unsubscription_link",
        _("Check the unsubscription link"),
        Phase.START_OF_PERSONALIZATION,
        Level.ERROR,
        content.unsubscription_link,
    ),
    ControlRule(
        "postal_address", _("Check the postal address"), Phase.START_OF_PERSONALIZATION, Level.WARNING, content.postal_address
    ),
    ControlRule("pages", _("Check the landing pages"), Phase.START_OF_PERSONALIZATION, Level.ERROR, content_pages.pages, EVERY),
    ControlRule("fields", _("Check the merge fields"), Phase.START_OF_PERSONALIZATION, Level.ERROR, content.fields, EVERY),
    ControlRule(
        "fallbacks",
        _("Check that merge fields have a fallback"),
        Phase.START_OF_PERSONALIZATION,
        Level.WARNING,
        content.fallbacks,
        EVERY,
    ),
    ControlRule("urls", _("Check the links"), Phase.START_OF_PERSONALIZATION, Level.ERROR, content_links.urls),
    ControlRule(
        "url_labels", _("Check the labels of links"), Phase.START_OF_PERSONALIZATION, Level.WARNING, content_links.labels
    ),
    ControlRule(
        "unsubscription_answers",
        _("Check that the unsubscription link answers"),
        Phase.END_OF_PERSONALIZATION,
        Level.ERROR,
        outside_checks.unsubscription_answers,
        asks_outside=True,
    ),
)


def findings(
    pinned: dict[str, Any],
    preparation: Preparation | None = None,
    *,
    proofs: int = 0,
    outside: bool = False,
    only: Mapping[str, Level] | None = None,
) -> list[Line]:
    """What the rules say of a pinned content, phase by phase.

    `only` are the rules that apply, with the level of each: those that the preparation has pinned where it is None, and
    without a preparation all of them at their own. `proofs` is the
    number of addresses of a proof. Only with `outside`, which no request may ask for, the network is asked.
    """
    case, channel = Case(pinned, preparation, proofs), Channel.of(pinned["channel"])
    allowed = levels(preparation) if only is None else only
    rules = sorted(CONTROL_RULES, key=lambda rule: list(Phase).index(rule.phase))
    applying = (rule for rule in rules if channel in rule.channels and (allowed is None or rule.id in allowed))
    asked = (rule for rule in applying if not rule.asks_outside or (outside and settings.CHECK_PUBLIC_URL))
    return [line for rule in asked for line in _capped(rule.check(case), rule.level if allowed is None else allowed[rule.id])]


def levels(preparation: Preparation | None) -> dict[str, Level] | None:
    """The control rules that a preparation has pinned, with their levels; None where no rules are pinned."""
    if preparation is None or not preparation.rules:
        return None
    pinned = [rule for rule in preparation.rules if rule["kind"] == RuleKind.CONTROL]
    return {rule["code"].removeprefix(CODE): Level(rule["level"]) for rule in pinned}


def _capped(lines: Iterable[Line], level: Level) -> Iterator[Line]:
    for line in lines:
        yield line if SEVERITY[line.level] <= SEVERITY[level] else replace(line, level=level)
