"""The consent record of one person: a page to be printed."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from profiles import aliases, tampering
from profiles.actors import actor
from profiles.backoffice import backoffice_view, operator
from profiles.consent_at import consent_at
from profiles.record import consent_record


@backoffice_view("profiles.view_consentevent")
def consent_record_page(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Without the frame of the back office; opening it writes nothing."""
    profile = aliases.get_or_404(profile_id)
    now, record = timezone.now(), consent_record(profile)
    newest = record.newest_batch
    return render(
        request,
        "profiles/consent_record.html",
        {
            "profile": profile,
            "record": record,
            "now": consent_at(profile, now),
            "by": actor(operator(request)),
            "installation": [settings.SENDER_NAME, *_address(), settings.PUBLIC_URL],
            "noted": tampering.noted_form(newest) if newest else "",
        },
    )


def _address() -> list[str]:
    """The postal address of the sender, without the name where it begins with it."""
    address = settings.SENDER_POSTAL_ADDRESS.removeprefix(f"{settings.SENDER_NAME}, ")
    return [address] if address else []
