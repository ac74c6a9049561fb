"""The confirmation message of a page: sent at every submission that was accepted, whatever it changed (reference 3.8.4).

It says what the page's author wrote, or a sentence of ours, and nothing that a visitor typed (design decision 9).
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from landingpages import jobs, memberships
from landingpages.job_models import SERVICE_ACTIONS, SpecificAction
from landingpages.models import PublishedVersion
from profiles import notices
from profiles.confirmationtexts import IN_BRACES
from profiles.models import MessageChoice, Notice, NoticeKind, Profile, Service

Content = Mapping[str, Any]
PLACEHOLDERS = ("{page}", "{service}")


def send(version: PublishedVersion, content: Content, profile: Profile | None, *, language: str) -> Notice | None:
    """Ask for the page's message to the stored address; None where it has none, or the address had one a moment ago."""
    if jobs.message(content) == MessageChoice.NONE or profile is None or not profile.email:
        return None
    if not notices.may_ask(NoticeKind.PAGE_MESSAGE, profile.email, page_id=version.page_id):
        return None
    return notices.ask(
        NoticeKind.PAGE_MESSAGE,
        address=profile.email,
        profile=profile,
        service=Service.objects.filter(pk=memberships.own_service(content)).first(),
        page_id=version.page_id,
        page_slug=content["slug"],
        language=language,
    )


def written(content: Content, language: str) -> tuple[str, str] | None:
    """Subject and text of the page's own message in this language, or in the first that is complete; None without one."""
    if jobs.message(content) != MessageChoice.CUSTOM:
        return None
    texts = jobs.setting(content, "message_texts")
    for code in (language, *content["languages"], *texts):
        own = texts.get(code) or {}
        if own.get("subject") and own.get("text"):
            return own["subject"], own["text"]
    return None


def refuse_unknown(text: str) -> None:
    """ValidationError that names what stands between braces and is no placeholder."""
    for found in IN_BRACES.findall(text):
        if found not in PLACEHOLDERS:
            values = {"found": found, "known": ", ".join(PLACEHOLDERS)}
            raise ValidationError(_("“%(found)s” is no placeholder. There are: %(known)s.") % values)


def would_be_doubled_by(content: Content, services: Mapping[int, Service]) -> list[Service]:
    """The services whose own confirmation goes out beside the page's message."""
    if jobs.message(content) == MessageChoice.NONE:
        return []
    own, ids = memberships.own_service(content), [int(block["service_id"]) for block in memberships.boxes(content)]
    acts = jobs.action(content) in SERVICE_ACTIONS
    if jobs.names_services(content):
        ids += [number for _name, number in sorted(content["settings"]["served"].items())]
    elif own and acts:
        ids.append(own)
    is_ending = jobs.action(content) == SpecificAction.UNSUBSCRIPTION
    found = [services[number] for number in dict.fromkeys(ids) if number in services]
    return [one for one in found if (one.unsubscribed_message if is_ending else one.subscribed_message) != MessageChoice.NONE]
