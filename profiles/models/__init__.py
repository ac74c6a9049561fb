"""People, what they allow, and the ledger of who changed it."""

from profiles.models.events import ConsentEvent, Scope, Source
from profiles.models.membership import Service, Subscription
from profiles.models.merged import ProfileAlias
from profiles.models.people import ANY_BOX, CustomField, CustomType, EmailFormat, Gender, Profile, ProfileQuerySet
from profiles.models.privacy import Erasing, SuppressedHash
from profiles.models.requests import Notice, NoticeKind, NoticeStatus, PendingChange
from profiles.models.seals import Seal, SealedBatch

__all__ = [
    "ANY_BOX",
    "ConsentEvent",
    "CustomField",
    "CustomType",
    "EmailFormat",
    "Erasing",
    "Gender",
    "Notice",
    "NoticeKind",
    "NoticeStatus",
    "PendingChange",
    "Profile",
    "ProfileAlias",
    "ProfileQuerySet",
    "Scope",
    "Seal",
    "SealedBatch",
    "Service",
    "Source",
    "Subscription",
    "SuppressedHash",
]
