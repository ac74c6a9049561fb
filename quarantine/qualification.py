"""What a refusal says about an address: SMTP reply, enhanced status code (RFC 3463) and text -> kind of error and reason.

Pure. Only the table below makes an error hard (design decision 14), because only a hard one quarantines at once:
what is bare, contradictory or unknown is soft. Errors that the sender has to mend are marked `ours`.
"""

import re
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from profiles.fields import fold
from quarantine.models import Reason
from quarantine.phrases import Topic, topic_of


class ErrorType(TextChoices):
    """Hard: the address is dead. Soft: it may work another day. Ignored: says nothing about the address."""

    HARD = "hard", _("Hard")
    SOFT = "soft", _("Soft")
    IGNORED = "ignored", _("Ignored")


@dataclass(frozen=True)
class Qualification:
    """`ours`: policy, authentication, reputation, content, size, sender, relaying or rate; never held against an address."""

    type: ErrorType
    reason: Reason
    ours: bool = False


HARD_CODES = {
    "5.1.1": Reason.USER_UNKNOWN,
    "5.1.2": Reason.INVALID_DOMAIN,
    "5.1.3": Reason.USER_UNKNOWN,
    "5.1.6": Reason.USER_UNKNOWN,
    "5.1.10": Reason.USER_UNKNOWN,
    "5.2.1": Reason.ACCOUNT_DISABLED,
}
# Hard only with a text that names an unknown host: servers also use them when their own name server is in trouble.
ROUTING_CODES = {"5.4.4", "5.4.310"}
# They say so little that a plain text decides: undefined, other address status, other system or protocol status.
NEUTRAL_CODES = re.compile(r"5\.(0\.\d+|1\.\d+|3\.0|5\.0)$")
OUR_CODES = re.compile(r"[45]\.(7\.\d+|6\.\d+|1\.[78]|2\.3|3\.4|5\.3)$")
FULL_CODES = re.compile(r"[45]\.2\.2$")
UNREACHABLE_CODES = re.compile(r"[45]\.[34]\.\d+$")

TOPIC_REASONS = {
    Topic.MAILBOX_FULL: Reason.MAILBOX_FULL,
    Topic.ACCOUNT_DISABLED: Reason.ACCOUNT_DISABLED,
    Topic.REFUSED: Reason.REFUSED,
    Topic.UNREACHABLE: Reason.UNREACHABLE,
    Topic.DOMAIN_UNKNOWN: Reason.INVALID_DOMAIN,
    Topic.USER_UNKNOWN: Reason.USER_UNKNOWN,
    Topic.AMBIGUOUS: Reason.USER_UNKNOWN,
}
OUR_TOPICS = {Topic.SENDER, Topic.RATE, Topic.SIZE, Topic.CONTENT, Topic.REPUTATION}
PLAIN_TOPICS = {Topic.USER_UNKNOWN, Topic.DOMAIN_UNKNOWN}
# A hard code beside a text about anything else contradicts itself.
AGREEING_TOPICS = {None, Topic.ACCOUNT_DISABLED, Topic.AMBIGUOUS} | PLAIN_TOPICS

READ_CHARACTERS = 2000  # more than any server writes; a stranger's text must not cost us time
CODE = r"[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)"
REPLY = re.compile(rf"(?<![\w.#/=-])(4[2-5]\d|5[0-7]\d)(?=[ :,-]|$)(?:[ :-]*#?({CODE}))?")
LOOSE_CODE = re.compile(rf"(?:^|[(\[#:])\s*#?({CODE})|\s({CODE})(?= <)")
# A link to a blocklist says who refused; every other link would only bring words of its own.
LINKS = re.compile(r"https?://(?!\S*(spam|rbl|dnsbl))\S*|\bhost \S+ said:|\bhost \S+\[[\d.:a-f]+\]|^(smtp|x-[\w-]+|unknown) ?;")
ADDRESS = re.compile(r"<[^<>\s]*@[^<>\s]*>|[\w.+=/-]+@[\w.-]+\w")
# Japanese mobile providers answer this after DATA, without an enhanced code, when a person's own filter refused the mail.
AMBIGUOUS = re.compile(r"5\d\d:? (unknown user <?\S+@\S+|[^<\s]\S*@\S+ no such user|: user unknown)$")


@dataclass(frozen=True)
class _Signals:
    """What an error says, gathered from its parts."""

    replies: frozenset[int]
    codes: frozenset[str]
    topic: Topic | None

    @property
    def specific_codes(self) -> set[str]:
        return {code for code in self.codes if not code.endswith(".0.0")}

    @property
    def is_permanent(self) -> bool:
        """5xx or 5.x.x, and nothing beside it that says temporary."""
        return {reply // 100 for reply in self.replies} | {int(code[0]) for code in self.codes} == {5}

    @property
    def is_ours(self) -> bool:
        return self.topic in OUR_TOPICS or any(OUR_CODES.match(code) for code in self.codes)

    @property
    def is_hard(self) -> bool:
        if not self.is_permanent or self.topic not in AGREEING_TOPICS:
            return False
        undecided = self.specific_codes - HARD_CODES.keys()
        if self.specific_codes and not undecided:
            return True
        if undecided & ROUTING_CODES:
            return self.topic == Topic.DOMAIN_UNKNOWN
        return self.topic in PLAIN_TOPICS and all(NEUTRAL_CODES.match(code) for code in undecided)

    @property
    def reason(self) -> Reason:
        if self.topic in TOPIC_REASONS:
            return TOPIC_REASONS[self.topic]
        for code in sorted(self.specific_codes):
            if FULL_CODES.match(code):
                return Reason.MAILBOX_FULL
            if UNREACHABLE_CODES.match(code):
                return Reason.UNREACHABLE
            if reason := HARD_CODES.get("5" + code[1:]):
                return reason
        return Reason.NOT_DEFINED


def qualify(reply_code: int | None, enhanced: str, text: str) -> Qualification:
    """What the answer of a mail server says about the address that it was asked for.

    `enhanced` is the status of RFC 3463 such as 5.1.1, or empty: then the text is searched for it. The text may have
    several lines, each with or without the codes in front. A text that contradicts the code makes the error soft.
    """
    signals = _read(reply_code, enhanced, text)
    if signals.topic == Topic.GREYLISTED:
        return Qualification(ErrorType.IGNORED, Reason.NOT_CONNECTED)
    if signals.is_ours:
        return Qualification(ErrorType.SOFT, Reason.REFUSED, ours=True)
    return Qualification(ErrorType.HARD if signals.is_hard else ErrorType.SOFT, signals.reason)


def _read(reply_code: int | None, enhanced: str, text: str) -> _Signals:
    line = " ".join(LINKS.sub(" ", " ".join(fold(text[:READ_CHARACTERS].replace("’", "'")).split())).split())
    found = REPLY.findall(line)
    replies = {int(reply) for reply, _code in found}
    codes = {code for _reply, code in found if code} | set(re.findall(CODE, enhanced))
    bare = " ".join(REPLY.sub(" ", ADDRESS.sub(" ", line)).split())
    return _Signals(
        replies=frozenset(replies | ({reply_code} if reply_code else set())),
        codes=frozenset(codes or {code for groups in LOOSE_CODE.findall(line) for code in groups if code}),
        topic=Topic.AMBIGUOUS if AMBIGUOUS.match(line) else topic_of(bare),
    )
