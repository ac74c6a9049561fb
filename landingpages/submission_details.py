"""All that is known of one submission, in words."""

from typing import Any

from landingpages import submissions
from landingpages.confirm_views import in_words
from landingpages.models import Submission
from profiles import aliases, pending, publicpages
from profiles.models import PendingChange, Profile

MASKS = {"email": publicpages.masked, "fresh_link_for": publicpages.masked, "mobile": publicpages.masked_mobile}


def of(one: Submission, *, may_see: bool) -> dict[str, Any]:
    """What its page shows; addresses are masked for who may not see profiles, and their values stay away."""
    labels = submissions.field_labels()
    profile = aliases.in_bulk([one.profile_id]).get(one.profile_id) if one.profile_id else None
    data = one.data if isinstance(one.data, dict) else {}
    return {
        "one": one,
        "profile": profile,
        "masked": submissions.masked(data),
        "sent": [(labels.get(name, name), _shown(name, value, may_see=may_see)) for name, value in data.items()],
        "fields": [labels.get(name, name) for name in one.changed],
        "events": list(submissions.events([one])),
        "waiting": [(change, publicpages.masked(change.address), in_words(change)) for change in asked_by(one, profile)],
        "states": pending.State,
    }


def asked_by(one: Submission, profile: Profile | None) -> list[PendingChange]:
    """The changes that the submission asked somebody to confirm, whatever became of them."""
    if profile is None:
        return []
    asked = PendingChange.objects.filter(profile=profile).select_related("profile").order_by("pk")
    return [change for change in asked if change.evidence.get("request_id") == str(one.request_id)]


def _shown(name: str, value: Any, *, may_see: bool) -> Any:
    if may_see or isinstance(value, bool):
        return value
    return MASKS[name](str(value)) if name in MASKS else "•••"
