"""What a version does with a submission. Versions of former releases lack what came later: this module says what they did."""

from collections.abc import Mapping
from typing import Any

from landingpages.job_models import OnMatch, SpecificAction
from profiles.models import MessageChoice

Content = Mapping[str, Any]
# What pages did before they could be told otherwise.
FORMER: Mapping[str, Any] = {
    "key_mapping": {},
    "service_from_url": False,
    "served": {},
    "additional_data": {},
    "message": MessageChoice.NONE,
    "message_texts": {},
    "double_opt_in": False,
    "log_responses": True,
    "spam_protection": True,
}
ACTIONS = {action.value: action for action in SpecificAction}


def setting(content: Content, name: str) -> Any:
    """A setting of a version, or what it amounts to where the version is older than the setting."""
    if name == "specific_action":
        return action(content)
    return content["settings"].get(name, FORMER.get(name))


def has_former(name: str) -> bool:
    """Whether a version that lacks this setting still says what it was."""
    return name == "specific_action" or name in FORMER


def action(content: Content) -> SpecificAction:
    """What sending the page does besides what its fields say; formerly its type said so."""
    stored = content["settings"].get("specific_action") or content["type"]
    return ACTIONS.get(stored, SpecificAction.NONE)


def on_match(content: Content) -> OnMatch:
    return OnMatch(content["settings"]["on_match"])


def message(content: Content) -> MessageChoice:
    """The confirmation message of the page itself."""
    return MessageChoice(setting(content, "message"))


def asks_double_opt_in(content: Content) -> bool:
    """Whether somebody unknown becomes a profile only once she has confirmed it by email."""
    return bool(setting(content, "double_opt_in"))


def logs_responses(content: Content) -> bool:
    """Whether what was sent is kept once it is processed."""
    return bool(setting(content, "log_responses"))


def is_protected(content: Content) -> bool:
    """Whether a form without a link has to carry a stamp, an empty trap, and to be filled in at the speed of people."""
    return bool(setting(content, "spam_protection"))


def names_services(content: Content) -> bool:
    """Whether the address says which service the page is about."""
    return bool(setting(content, "service_from_url"))
