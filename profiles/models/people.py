"""People we may write to, and the fields that an installation adds to them."""

import uuid
from collections.abc import Callable
from typing import Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from profiles import births
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, OPT_OUT_LABELS, Channel
from profiles.fields import ByteOrderedField, DomainField, FoldedField, fold, prefix
from profiles.regions import country_name

ANY_BOX = Q(*[(field, True) for field in OPT_OUT_FIELDS.values()], _connector=Q.OR)  # opted out of anything


class Gender(models.TextChoices):
    MALE = "male", _("Male")
    FEMALE = "female", _("Female")


class EmailFormat(models.TextChoices):
    """What the person's mail program shows best; unknown, and she gets both parts (reference 6.1.6)."""

    TEXT = "text", _("Text")
    HTML = "html", _("HTML")


def ways_to_match(text: str, starts: Callable[[str, str], Q] = prefix) -> list[Q]:
    """The conditions any of which makes a profile match a search, each of one index; none for an empty text."""
    folded = fold(text)
    if not folded:
        return []
    found = [starts("email", text.strip().lower()), starts("first_name_folded", folded), starts("last_name_folded", folded)]
    found.append(starts("external_id", text.strip()))
    digits = "".join(character for character in text if character in "+0123456789")
    if digits.startswith("+") and len(digits) > 1:
        found.append(starts("mobile", digits))
    first, _space, last = folded.partition(" ")
    if last:
        found.append(starts("last_name_folded", last) & Q(first_name_folded=first))
    return found


class ProfileQuerySet(models.QuerySet["Profile"]):
    counted_by: Self | None = None  # the same set in the shape that is counted sooner, until it is filtered further

    def _filter_or_exclude(self, negate: bool, args: Any, kwargs: Any) -> Self:
        narrowed: Self = super()._filter_or_exclude(negate, args, kwargs)  # type: ignore[misc]
        if kwargs or any(args):
            narrowed.counted_by = None
        return narrowed

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone.counted_by = self.counted_by
        return clone

    def opted_out(self, scope: str) -> Self:
        """Profiles with this very box ticked; `scope` is a channel or ANY_CHANNEL."""
        return self.filter(**{OPT_OUT_FIELDS[scope]: True})

    def reachable(self, channel: Channel) -> Self:
        """Profiles that neither refused this channel nor every channel (design decision 1)."""
        return self.exclude(opted_out_all=True).exclude(**{channel.opt_out_field: True})

    def matching(self, text: str) -> Self:
        """Profiles of which email, mobile, first name, last name or external ID starts with the text.

        Accents and case do not matter, except in an external ID. Everybody for an empty text.
        """
        return self.filter(Q(*ways_to_match(text), _connector=Q.OR))

    def with_address(self, channel: Channel, address: str) -> Self:
        return self.filter(**{channel.address_field: address})


class Profile(models.Model):
    """A person we may write to.

    The opt-out columns change only through profiles.consent; they are the projection of ConsentEvent.
    """

    public_id = models.UUIDField(_("Heed ID"), default=uuid.uuid4, unique=True, editable=False)
    external_id = ByteOrderedField(_("external ID"), max_length=100, blank=True)
    title = models.CharField(_("title"), max_length=20, blank=True)
    first_name = models.CharField(_("first name"), max_length=30, blank=True)
    middle_name = models.CharField(_("middle name"), max_length=30, blank=True)
    last_name = models.CharField(_("last name"), max_length=50, blank=True)
    first_name_folded = FoldedField(max_length=60, source="first_name")
    last_name_folded = FoldedField(max_length=100, source="last_name")
    gender = models.CharField(_("gender"), max_length=30, blank=True, choices=Gender)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    preferred_language = models.CharField(_("preferred language"), max_length=2, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    email = ByteOrderedField(_("email"), max_length=254, blank=True)
    email_domain = DomainField(_("email domain"), max_length=254, source="email")
    email_format = models.CharField(_("email format"), max_length=30, blank=True, choices=EmailFormat)
    mobile = ByteOrderedField(_("mobile"), max_length=20, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    fax = models.CharField(_("fax"), max_length=32, blank=True)

    opted_out_all = models.BooleanField(OPT_OUT_LABELS[ANY_CHANNEL], default=False, editable=False)
    opted_out_email = models.BooleanField(OPT_OUT_LABELS["email"], default=False, editable=False)
    opted_out_sms = models.BooleanField(OPT_OUT_LABELS["sms"], default=False, editable=False)
    opted_out_push = models.BooleanField(OPT_OUT_LABELS["push"], default=False, editable=False)
    opted_out_direct_mail = models.BooleanField(OPT_OUT_LABELS["direct_mail"], default=False, editable=False)

    address_specified = models.BooleanField(_("address specified"), default=False)
    street = models.CharField(_("street"), max_length=120, blank=True)
    street_2 = models.CharField(_("address, line 2"), max_length=120, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    state = models.CharField(_("state or province"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)

    ccpa_opt_out = models.BooleanField(_("CCPA opt-out"), default=False)  # forbids the sale of data; no rule of a delivery
    custom = models.JSONField(_("custom fields"), default=dict, blank=True)  # key of a CustomField -> its value

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")
        ordering = ["-pk"]
        permissions = [
            ("import_profile", _("Can import profiles")),
            ("export_profile", _("Can export profiles")),
            ("merge_profile", _("Can merge profiles")),
            ("erase_profile", _("Can erase profiles")),
            ("access_profile", _("Can answer access requests")),
        ]
        indexes = [
            # With the id: the list is read in the order of the column, and of the newest first within a choice.
            models.Index(fields=["email", "id"], name="profile_by_email"),
            models.Index(fields=["external_id"], name="profile_external_id"),
            models.Index(fields=["mobile", "id"], name="profile_by_mobile"),
            models.Index(fields=["first_name_folded", "last_name_folded"], name="profile_by_first_name"),
            models.Index(fields=["last_name_folded", "id"], name="profile_by_last_name"),
            models.Index(fields=["country", "id"], name="profile_by_country"),
            models.Index(fields=["preferred_language", "id"], name="profile_by_language"),
            models.Index(fields=["id"], condition=ANY_BOX, name="profile_opted_out"),
            *(
                models.Index(fields=["id"], condition=Q((field, True)), name=f"profile_{field}")
                for field in OPT_OUT_FIELDS.values()
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email or self.mobile or str(self.public_id)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def age(self) -> int | None:
        """Completed years today; None without a date of birth."""
        return births.age(self.birth_date)

    @property
    def country_name(self) -> str:
        return country_name(self.country) if self.country else ""

    @property
    def choices(self) -> dict[str, bool]:
        """Scope -> ticked, in the order of the General tab."""
        return {scope: getattr(self, field) for scope, field in OPT_OUT_FIELDS.items()}

    @property
    def ticked(self) -> list[str]:
        """The labels of the ticked boxes, as the summary prints them."""
        return [str(OPT_OUT_LABELS[scope]) for scope, value in self.choices.items() if value]


class CustomType(models.TextChoices):
    """What the values of a custom field are; in Profile.custom a date is ISO 8601 text, a choice its own text."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    YES_NO = "yes_no", _("Yes or no")
    CHOICE = "choice", _("Choice")


class CustomField(models.Model):
    """A field that this installation adds to every profile, without a migration. Its key and type never change."""

    key = models.CharField(
        _("key"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z", _("Use small letters, digits and underscores; start with a letter."))],
        help_text=_("Its name in files and merge fields, such as {{ profile.custom.shoe_size }}."),
    )
    label = models.CharField(_("label"), max_length=100)
    type = models.CharField(_("type"), max_length=30, choices=CustomType)
    options = models.JSONField(_("options"), default=list, blank=True)  # the texts of a choice, in their order
    is_personal = models.BooleanField(
        _("personal"), default=True, help_text=_("Says something about the person: hidden from logs, part of an access request.")
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.label
