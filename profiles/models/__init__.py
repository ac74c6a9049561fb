"""People, what they allow, and the ledger of who changed it."""

from profiles.models.audiences import AudienceKind, AudienceMember, Freezing, SavedAudience
from profiles.models.brands import Brand, Logo
from profiles.models.events import ConsentEvent, Scope, Source
from profiles.models.imports import ENDED, IMPORT_SOURCES, RUNNING, ImportJob, ImportStatus
from profiles.models.membership import MessageChoice, Service, Subscription, SubscriptionQuerySet, ValidityUnit
from profiles.models.merged import ProfileAlias
from profiles.models.people import ANY_BOX, CustomField, CustomType, EmailFormat, Gender, Profile, ProfileQuerySet
from profiles.models.privacy import ErasedKey, Erasing, SuppressedHash
from profiles.models.requests import Notice, NoticeKind, NoticeStatus, PendingChange
from profiles.models.seals import Seal, SealedBatch

__all__ = [
    "ANY_BOX",
    "ENDED",
    "IMPORT_SOURCES",
    "RUNNING",
    "AudienceKind",
    "AudienceMember",
    "Brand",
    "ConsentEvent",
    "CustomField",
    "CustomType",
    "EmailFormat",
    "ErasedKey",
    "Erasing",
    "Freezing",
    "Gender",
    "ImportJob",
    "ImportStatus",
    "Logo",
    "MessageChoice",
    "Notice",
    "NoticeKind",
    "NoticeStatus",
    "PendingChange",
    "Profile",
    "ProfileAlias",
    "ProfileQuerySet",
    "SavedAudience",
    "Scope",
    "Seal",
    "SealedBatch",
    "Service",
    "Source",
    "Subscription",
    "SubscriptionQuerySet",
    "SuppressedHash",
    "ValidityUnit",
]
