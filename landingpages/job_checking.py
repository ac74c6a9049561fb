"""What is wrong with what a page does: errors stop the publication, warnings do not. `checking` turns them into checks."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from landingpages import constants, jobs, keys, memberships, messages
from landingpages.blocks import FIELDS, known
from landingpages.job_models import SERVICE_ACTIONS, OnMatch, SpecificAction
from profiles.models import MessageChoice, Service

Finding = tuple[str, str, str]  # level, text, key of the block that it is about or ""
ERROR, WARNING = "error", "warning"


def findings(content: dict[str, Any]) -> Iterator[Finding]:
    """In the order of the properties."""
    services = _services(content)
    yield from _service(content, services)
    if content["settings"]["unidentified_allowed"]:
        yield from _key(content)
        yield from _double_opt_in(content)
    yield from _additional_data(content)
    yield from _message(content, services)


def _services(content: dict[str, Any]) -> dict[int, Service]:
    served = content["settings"]["served"].values() if jobs.names_services(content) else []
    return Service.objects.in_bulk([*memberships.service_ids(content), *served])


def _service(content: dict[str, Any], services: dict[int, Service]) -> Iterator[Finding]:
    """A page that subscribes needs to know to what."""
    if jobs.action(content) not in SERVICE_ACTIONS:
        return
    if jobs.names_services(content):
        served = [services[number] for _name, number in sorted(content["settings"]["served"].items()) if number in services]
        if not served:
            yield ERROR, _("Choose in the properties which services the page serves."), ""
    else:
        served = [services[own]] if (own := memberships.own_service(content)) in services else []
        if not served:
            yield ERROR, _("Choose in the properties which service the page is about."), ""
    for service in served if jobs.action(content) == SpecificAction.SUBSCRIPTION else ():
        if not service.takes_subscriptions():
            yield WARNING, _("“%(service)s” takes no new subscriptions today: visitors are told so.") % {"service": service}, ""


def _key(content: dict[str, Any]) -> Iterator[Finding]:
    """A visitor without a link is known by nothing but the reconciliation key."""
    parts = keys.parts(content["settings"])
    if not any(part.field in keys.STRONG and part.form for part in parts):
        yield ERROR, _("The reconciliation key needs an email, a mobile or an external ID that visitors type."), ""
    for part in parts:
        if part.form:
            yield from _part(content, part)
    only_ids = [part.field for part in parts if part.field in keys.STRONG] == [keys.EXTERNAL_ID]
    if only_ids and jobs.on_match(content) == OnMatch.UPDATE:
        yield WARNING, _("Who guesses an external ID can change the fields of its profile: ask by email instead."), ""


def _part(content: dict[str, Any], part: keys.Part) -> Iterator[Finding]:
    bound = [block for block in content["blocks"] if block["field"] == part.form]
    field = FIELDS.get(part.form) or known([part.form]).get(part.form)
    values = {"field": field.label if field else part.form}
    if not bound:
        yield ERROR, _("Unidentified visitors need a block for the field “%(field)s”: it is the reconciliation key.") % values, ""
    for block in bound:
        if not block["is_mandatory"]:
            yield WARNING, _("“%(field)s” is the reconciliation key: make it mandatory.") % values, block["key"]


def _double_opt_in(content: dict[str, Any]) -> Iterator[Finding]:
    if not jobs.asks_double_opt_in(content):
        return
    email = next((block for block in content["blocks"] if block["field"] == "email"), None)
    if email is None:
        yield ERROR, _("Double opt-in needs a block for the email: that is where it is confirmed."), ""
    elif not email["is_mandatory"]:
        yield ERROR, _("Double opt-in needs an email: make this block mandatory."), email["key"]


def _additional_data(content: dict[str, Any]) -> Iterator[Finding]:
    stored = content["settings"]["additional_data"]
    fields = known(stored)
    for name in stored:
        if name not in fields or name in constants.NEVER:
            yield ERROR, _("Additional data: no page can fill the field “%(field)s”.") % {"field": name}, ""
    for block in content["blocks"]:
        if block["field"] and block["field"] in stored:
            label = fields[block["field"]].label if block["field"] in fields else block["field"]
            yield WARNING, _("What is typed for “%(field)s” is replaced by the additional data.") % {"field": label}, block["key"]


def _message(content: dict[str, Any], services: dict[int, Service]) -> Iterator[Finding]:
    if jobs.message(content) == MessageChoice.CUSTOM and messages.written(content, "") is None:
        yield ERROR, _("Write the confirmation message in at least one language, with subject and text."), ""
    for service in messages.would_be_doubled_by(content, services):
        values = {"service": service}
        yield WARNING, _("Two mails would go out: “%(service)s” has a confirmation message of its own.") % values, ""
