"""The personal link that an operator copies for one person."""

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from profiles.links import Purpose, make_token
from profiles.models import Profile


def issue(profile: Profile, *, by: AbstractUser) -> str:
    """A new personal link; the profile's history keeps who copied one, not the link itself."""
    with override(settings.LANGUAGE_CODE):
        LogEntry.objects.log_actions(by.pk, [profile], CHANGE, _("Copied the personal link"), single_object=True)
    return settings.PUBLIC_URL + reverse("public:unsubscribe", args=[make_token(Purpose.PERSONAL, profile.public_id)])
