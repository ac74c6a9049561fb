"""The one pass over the profiles: a row per targeted person with its verdict, written inside the database."""

from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from deliveries import exclusions, guards, typologies, wholes
from deliveries.exclusions import BETWEEN, Rule
from deliveries.models import Message, Preparation
from deliveries.statuses import MessageStatus
from deliveries.withholding import target
from profiles import audiences, bulk, erasure
from profiles.channels import Channel

# The two parts of a judgement such as "blocklist:email"; most people have none.
PARTS = {
    "postgresql": (f"split_part(judgement, '{BETWEEN}', 1)", f"split_part(judgement, '{BETWEEN}', 2)"),
    "sqlite": (
        f"substr(judgement, 1, instr(judgement, '{BETWEEN}') - 1)",
        f"substr(judgement, instr(judgement, '{BETWEEN}') + 1)",
    ),
}
EXCLUSION, DETAIL = (
    {vendor: f"CASE WHEN judgement = '' THEN '' ELSE {parts[place]} END" for vendor, parts in PARTS.items()} for place in (0, 1)
)
STATUS = f"CASE WHEN judgement = '' THEN '{MessageStatus.PENDING}' ELSE '{MessageStatus.IGNORED}' END"


def write_messages(preparation: Preparation, *, above: int, up_to: int) -> int:
    """INSERT … SELECT the messages of the profiles with above < id ≤ up_to; the number of rows. In a transaction."""
    erasure.share_the_profiles()
    channel = Channel.of(preparation.delivery.channel)
    rules = exclusions.personal(preparation.rules, at=preparation.created_at)
    judged = (
        target(preparation)
        .filter(pk__gt=above, pk__lte=up_to)
        .annotate(person=F("pk"), address=F(channel.address_field), judgement=exclusions.judgement(channel, rules, preparation))
        .values_list("person", "address", "judgement")
    )
    columns = {
        "preparation": "%s",
        "profile": "person",
        "address": "address",
        "exclusion": EXCLUSION[connection.vendor],
        "detail": DETAIL[connection.vendor],
        "status": STATUS,
        "outcome": "''",
        "attempts": "0",
        "prepared_at": "%s",
        "provider_id": "''",
    }
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with wholes.planned_for_many(), guards.aside(guards.MESSAGE_GUARD, "ready_messages_refuse_insert"):
        return bulk.insert_computed(judged, into=Message, computed=columns, parameters=[preparation.pk, now])


def counted_rules(channel: Channel, typology: str = "") -> list[Rule]:
    """The rules that count() applies, in their order: those of the typology that judge one person by herself."""
    return exclusions.personal(typologies.current(channel, typology))


def count(tree: audiences.Tree, channel: Channel, rules: list[Rule] | None = None) -> dict[str, int]:
    """How an audience would split now: key of a rule -> number of profiles, "" for those left before duplicates."""
    applied = counted_rules(channel) if rules is None else rules
    rows = audiences.profiles(tree).annotate(key=exclusions.crowd_key(channel, applied)).order_by()
    return dict(rows.values_list("key").annotate(number=Count("pk")).order_by())
