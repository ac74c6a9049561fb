"""What the ledger says about one profile, in words: the latest ticks, and each event for the history page."""

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from profiles import aliases
from profiles.models import ConsentEvent, Profile, Scope, Source

# Choices that only the person can make: where nobody is named, it was she.
BY_THE_PERSON = frozenset(
    {
        Source.LANDING_PAGE,
        Source.PAGE_OPENED,
        Source.ONE_CLICK,
        Source.UNSUBSCRIBE_PAGE,
        Source.PERSONAL_LINK,
        Source.KEYWORD,
        Source.DOUBLE_OPT_IN,
    }
)


def for_profile(profile: Profile) -> QuerySet[ConsentEvent]:
    """Every event of the profile and of those that were merged into it, newest first."""
    return ConsentEvent.objects.filter(profile__in=aliases.all_ids(profile)).order_by("-pk")


def latest_ticks(profile: Profile) -> dict[str, ConsentEvent]:
    """Scope -> the event that ticked the box, for the boxes that are ticked now; one query, none where no box is."""
    ticked = [scope for scope, value in profile.choices.items() if value]
    if not ticked:
        return {}
    events = ConsentEvent.objects.filter(profile=profile, scope__in=ticked, after=True)
    latest = events.order_by().values("scope").annotate(latest=Max("pk")).values("latest")
    return {event.scope: event for event in ConsentEvent.objects.filter(pk__in=latest)}


def who(event: ConsentEvent) -> str:
    """Who made the choice; empty where an import or the system did and nobody is named."""
    return event.by or (_("the person herself") if event.source in BY_THE_PERSON else "")


def where(event: ConsentEvent) -> str:
    """The page, the delivery and the detail that the event names; what the system noted, in the reader's language."""
    page = _("page “%(label)s”") % {"label": event.page_label} if event.page_label else ""
    delivery = _("delivery “%(label)s”") % {"label": event.delivery_label} if event.delivery_label else ""
    detail = _(event.detail) if event.detail and event.source == Source.SYSTEM else event.detail
    return " · ".join(part for part in (page, delivery, detail) if part)


def change(event: ConsentEvent) -> str:
    """What changed: a box of the General tab, or the subscription to a service."""
    if event.scope == Scope.SERVICE:
        return _("unsubscribed") if event.after else _("subscribed")
    return _("ticked: no longer contact") if event.after else _("cleared: may be contacted again")
