"""People, what they allow, and the ledger of who changed it."""

from profiles.models.events import ConsentEvent, Scope, Source
from profiles.models.imports import IMPORT_SOURCES, RUNNING, ImportJob, ImportStatus
from profiles.models.membership import Service, Subscription
from profiles.models.people import CustomField, CustomType, EmailFormat, Gender, Profile, ProfileQuerySet
from profiles.models.privacy import SuppressedHash
from profiles.models.requests import Notice, NoticeKind, NoticeStatus, PendingChange

__all__ = [
    "IMPORT_SOURCES",
    "RUNNING",
    "ConsentEvent",
    "CustomField",
    "CustomType",
    "EmailFormat",
    "Gender",
    "ImportJob",
    "ImportStatus",
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
    "SuppressedHash",
]
