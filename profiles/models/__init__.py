"""People, what they allow, and the ledger of who changed it."""

from profiles.models.events import ConsentEvent, Scope, Source
from profiles.models.membership import MessageChoice, Service, Subscription, SubscriptionQuerySet, ValidityUnit
from profiles.models.people import CustomField, CustomType, EmailFormat, Gender, Profile, ProfileQuerySet
from profiles.models.privacy import SuppressedHash
from profiles.models.requests import Notice, NoticeKind, NoticeStatus, PendingChange

__all__ = [
    "ConsentEvent",
    "CustomField",
    "CustomType",
    "EmailFormat",
    "Gender",
    "MessageChoice",
    "Notice",
    "NoticeKind",
    "NoticeStatus",
    "PendingChange",
    "Profile",
    "ProfileQuerySet",
    "Scope",
    "Service",
    "Source",
    "Subscription",
    "SubscriptionQuerySet",
    "SuppressedHash",
    "ValidityUnit",
]
