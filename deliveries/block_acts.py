"""What the buttons of the block editor do: the blocks that there are then, where the focus goes, and what is said."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from deliveries import blockediting, mailblocks
from deliveries.blockediting import Blocks
from deliveries.content_state import SETTINGS, ContentState
from deliveries.mailblocks import MailKind


@dataclass(frozen=True)
class Outcome:
    """`blocks` is None where they stay as they are."""

    state: ContentState
    focus: str = ""
    said: str = ""
    blocks: Blocks | None = None


Act = Callable[[Blocks, str, ContentState], Outcome]


def act(blocks: Blocks, button: str, state: ContentState) -> Outcome:
    """Do what the button says, such as "up:<key>" or "add:heading"; NoSuchBlock where the block is gone."""
    name, _colon, argument = button.partition(":")
    return ACTS[name](blocks, argument, state) if name in ACTS else Outcome(state)


def name_of(block: mailblocks.Block) -> str:
    """What a block is called: what it says, shortened, otherwise its kind."""
    return mailblocks.words(block)[:60] or str(MailKind(block["kind"]).label)


def _add(blocks: Blocks, argument: str, state: ContentState) -> Outcome:
    """ "text" to where it goes by itself, "text:3" to where it was dragged."""
    kind, _colon, position = argument.partition(":")
    if kind not in MailKind.values or (position and not position.isdecimal()):
        return Outcome(state)
    block = mailblocks.new(kind)
    said = _("A block is added: %(kind)s.") % {"kind": MailKind(kind).label}
    after = blockediting.added(blocks, block, int(position[:9]) if position else None)
    return Outcome(replace(state, block=block["key"]), SETTINGS, said, after)


def _up(blocks: Blocks, key: str, state: ContentState) -> Outcome:
    return _to(blocks, key, blockediting.place(blocks, key), state, f"up-{key}")


def _down(blocks: Blocks, key: str, state: ContentState) -> Outcome:
    return _to(blocks, key, blockediting.place(blocks, key) + 2, state, f"down-{key}")


def _move(blocks: Blocks, argument: str, state: ContentState) -> Outcome:
    key, _colon, position = argument.partition(":")
    return _to(blocks, key, int(position[:9]), state, f"choose-{key}") if position.isdecimal() else Outcome(state)


def _to(blocks: Blocks, key: str, position: int, state: ContentState, focus: str) -> Outcome:
    after = blockediting.moved(blocks, key, position)
    at = blockediting.place(after, key)
    values = {"label": name_of(after[at]), "place": at + 1, "number": len(after)}
    return Outcome(state, focus, _("“%(label)s” is block %(place)s of %(number)s now.") % values, after)


def _duplicate(blocks: Blocks, key: str, state: ContentState) -> Outcome:
    at = blockediting.place(blocks, key)
    copy = blocks[at] | {"key": mailblocks.new(blocks[at]["kind"])["key"]}
    said = _("“%(label)s” is duplicated.") % {"label": name_of(copy)}
    return Outcome(replace(state, block=copy["key"]), SETTINGS, said, blockediting.added(blocks, copy, at + 2))


def _remove(blocks: Blocks, key: str, state: ContentState) -> Outcome:
    """The block below is chosen then, or the last one."""
    at = blockediting.place(blocks, key)
    after = blockediting.removed(blocks, key)
    left = after[min(at, len(after) - 1)]["key"] if after else ""
    said = _("“%(label)s” is removed.") % {"label": name_of(blocks[at])}
    return Outcome(replace(state, block=left), f"choose-{left}" if left else "blocks", said, after)


ACTS: dict[str, Act] = {
    "add": _add,
    "up": _up,
    "down": _down,
    "move": _move,
    "duplicate": _duplicate,
    "remove": _remove,
}
