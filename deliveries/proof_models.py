"""Proofs: trial copies to ourselves. None of them is a message: no row here says anything about consent or tracking."""

import uuid

from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from profiles.channels import Channel
from profiles.models import Profile
from profiles.models.people import EmailFormat, Gender


class TestProfile(models.Model):
    """Somebody of ours, or somebody made up, who receives proofs and whom contents are previewed as. Not a profile."""

    __test__ = False  # what begins with Test is no test

    label = models.CharField(_("label"), max_length=100, unique=True, validators=[MinLengthValidator(2)])
    email = models.EmailField(_("email"), blank=True)
    mobile = models.CharField(_("mobile"), max_length=20, blank=True)
    title = models.CharField(_("title"), max_length=50, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    gender = models.CharField(_("gender"), max_length=30, choices=Gender, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    preferred_language = models.CharField(_("preferred language"), max_length=10, blank=True)
    email_format = models.CharField(_("email format"), max_length=30, choices=EmailFormat, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    is_for_proofs = models.BooleanField(_("proof"), default=True, help_text=_("Offered when a proof is sent."))
    is_for_preview = models.BooleanField(_("preview"), default=True, help_text=_("Offered in the preview."))
    is_trap = models.BooleanField(
        _("trap"), default=False, help_text=_("Receives a copy of every delivery of its channel once it is confirmed.")
    )

    class Meta:
        verbose_name = _("test profile")
        verbose_name_plural = _("test profiles")
        ordering = ["label"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_for_proofs=False, is_trap=False) | ~Q(email="") | ~Q(mobile=""),
                name="a_test_profile_that_receives_has_an_address",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def address(self, channel: Channel) -> str:
        """Where it receives what is sent by this channel; "" where it does not."""
        found: str = getattr(self, channel.address_field, "")
        return found


class ProofKind(models.TextChoices):
    PROOF = "proof", _("Proof")
    TRAP = "trap", _("Trap")


class ProofStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    WITHHELD = "withheld", _("Withheld")


class Proof(models.Model):
    """One request to send a proof, with the content as it was then. The same request is one proof, however often it comes.

    Traps are the proof that a confirmation asks for.
    """

    kind = models.CharField(max_length=30, choices=ProofKind, default=ProofKind.PROOF)
    delivery = models.ForeignKey("Delivery", models.CASCADE, related_name="proofs", verbose_name=_("delivery"))
    number = models.PositiveIntegerField(_("number"))
    request_key = models.UUIDField(unique=True, editable=False)
    prefix = models.CharField(_("beginning of the subject"), max_length=500, blank=True)
    content = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("requested"), auto_now_add=True)
    created_by = models.CharField(_("requested by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("proof")
        verbose_name_plural = _("proofs")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="proofs_are_numbered_per_delivery")]


class ProofMail(models.Model):
    """One copy of a proof: to a test profile, or in the place of a targeted profile to another address."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # its Message-ID, at every try
    proof = models.ForeignKey(Proof, models.CASCADE, related_name="mails")
    test_profile = models.ForeignKey(TestProfile, models.SET_NULL, null=True, related_name="+")
    profile = models.ForeignKey(Profile, models.DO_NOTHING, db_constraint=False, null=True, related_name="+")
    label = models.CharField(_("as"), max_length=100)  # the test profile, or the id of the profile
    address = models.CharField(_("address"), max_length=254)
    status = models.CharField(_("status"), max_length=30, choices=ProofStatus, default=ProofStatus.WAITING)
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("date"), null=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["due_at"], condition=Q(status=ProofStatus.WAITING), name="proofs_that_wait")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=ProofStatus.WAITING, ended_at__isnull=True)
                | ~Q(status=ProofStatus.WAITING) & Q(ended_at__isnull=False),
                name="a_proof_that_ended_has_its_moment",
            ),
        ]

    @property
    def reason_label(self) -> str:
        """Why it did not arrive: our own sentence in the reader's language, or the server's as it came."""
        return gettext(self.reason) if self.reason else ""
