"""Consent, quarantine and the delivery's state, read again at the last moment (design decision 19, reliability 4.2)."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    Expression,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone
from django.utils.functional import cached_property

from deliveries import exclusions
from deliveries.models import Batch, Message
from deliveries.statuses import BatchStatus, DeliveryStatus, LateExclusion, MessageStatus
from deliveries.transports import Permission
from profiles.channels import Channel
from profiles.models import Profile, ProfileAlias, Subscription

NOT_SENDING = "not sending"  # paused, stopped, or no longer ours: the message stays as it is


class Reading:
    """One statement, compiled once per batch: putting it together takes Django forty times as long as running it."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    @cached_property
    def statement(self) -> tuple[str, Sequence[Any]]:
        """SQL and parameters; Django puts FOR UPDATE together inside a transaction only."""
        statement: tuple[str, Sequence[Any]] = _reading(self.batch).query.get_compiler(using=connection.alias).as_sql()
        return statement

    def permission_for(self, message: Message) -> Permission:
        """What a transport asks before the point of no return."""

        def permission() -> AbstractContextManager[str]:
            return self._hold(message)

        return permission

    @contextmanager
    def _hold(self, message: Message) -> Iterator[str]:
        """The reason to withhold, or "", true as long as the block lasts.

        The profile's row is locked for that time, so an opt-out is committed either before this is read or after the
        block. On SQLite the transaction holds the only write lock. Address records are read in the same statement
        without a lock. Nothing is written, so the commit need not wait for the disk.
        """
        with transaction.atomic():
            row = self._read(message, message.profile_id) or self._read_winner(message)
            if row is None:
                yield LateExclusion.PROFILE_GONE.value
                return
            is_sending, reason = row
            yield reason if is_sending else NOT_SENDING

    def _read_winner(self, message: Message) -> tuple[bool, str] | None:
        """Whoever was merged is judged by what the profile says that she is now."""
        winner = ProfileAlias.objects.filter(former_id=message.profile_id).values_list("winner", flat=True).first()
        return self._read(message, winner) if winner else None

    def _read(self, message: Message, profile: int) -> tuple[bool, str] | None:
        # A lease that could end during the transfer is no lease: somebody else would send the message as well.
        now = timezone.now()
        enough = now + timedelta(seconds=settings.HANDOVER_SECONDS)
        now_known = {
            "profile": profile,
            "owner": message.profile_id,
            "address": message.address,
            "lease": connection.ops.adapt_datetimefield_value(enough),
            "now": connection.ops.adapt_datetimefield_value(now),
        }
        sql, parameters = self.statement
        values: list[Any] = [now_known[value.name] if isinstance(value, _Later) else value for value in parameters]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL synchronous_commit TO off")
            cursor.execute(sql, values)
            row: tuple[bool, str] | None = cursor.fetchone()
        return row


class _Later(Expression):
    """A parameter whose value is only known when the compiled statement runs: in the list of parameters it stands itself."""

    def __init__(self, name: str, output_field: CharField | BigIntegerField | DateTimeField) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


def _reading(batch: Batch) -> QuerySet[Profile, Any]:
    channel = Channel.of(batch.preparation.delivery.channel)
    moved = ~Q(**{channel.address_field: _Later("address", CharField())})
    whens = [When(moved, then=Value(LateExclusion.ADDRESS_CHANGED.value))]
    if service := batch.preparation.content["service"]:
        still = Subscription.objects.current(_Later("now", DateTimeField())).filter(profile=OuterRef("pk"), service=service)
        whens.append(When(~Exists(still), then=Value(LateExclusion.UNSUBSCRIBED.value)))
    whens.append(When(_reached_already(batch), then=Value(LateExclusion.MERGED.value)))
    reason = Case(*whens, default=exclusions.standing_verdict(channel, batch.preparation.rules), output_field=CharField())
    held = Batch.objects.filter(
        pk=batch.pk,
        status=BatchStatus.CLAIMED,
        worker=batch.worker,
        lease_until__gt=_Later("lease", DateTimeField()),
        preparation__delivery__status=DeliveryStatus.IN_PROGRESS,
    )
    rows = Profile.objects.select_for_update(no_key=True, of=("self",)).filter(pk=_Later("profile", BigIntegerField())).order_by()
    return rows.annotate(is_sending=Exists(held), reason=reason).values_list("is_sending", "reason")


def _reached_already(batch: Batch) -> Q:
    """The person got this delivery under another of her ids: as the profile she was merged into, or as one of its former ones."""
    got = Message.objects.filter(
        preparation=batch.preparation_id, status__in=[MessageStatus.SENT, MessageStatus.UNCERTAIN]
    ).exclude(profile=_Later("owner", BigIntegerField()))
    former = ProfileAlias.objects.filter(winner=OuterRef("pk"))
    as_former = former.filter(Exists(got.filter(profile=OuterRef("former_id"))))
    return Q(Exists(got.filter(profile=OuterRef("pk")))) | Q(Exists(as_former))
