"""People, what they allow, and the ledger of who changed it."""

from profiles.models.audiences import AudienceKind, AudienceMember, SavedAudience
from profiles.models.events import ConsentEvent, Scope, Source
from profiles.models.membership import Service, Subscription
from profiles.models.people import CustomField, CustomType, EmailFormat, Gender, Profile, ProfileQuerySet
from profiles.models.privacy import SuppressedHash
from profiles.models.requests import Notice, NoticeKind, NoticeStatus, PendingChange

__all__ = [
    "AudienceKind",
    "AudienceMember",
    "ConsentEvent",
    "CustomField",
    "CustomType",
    "EmailFormat",
    "Gender",
    "Notice",
    "NoticeKind",
    "NoticeStatus",
    "PendingChange",
    "Profile",
    "ProfileQuerySet",
    "SavedAudience",
    "Scope",
    "Service",
    "Source",
    "Subscription",
    "SuppressedHash",
]
