"""What the buttons of the builder do: one verb each, where the focus goes then, and what is said."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext as _

from landingpages import editing, undoing
from landingpages.builder_state import SETTINGS, State, words
from landingpages.kinds import KINDS
from landingpages.models import Block, BlockKind, LandingPage
from profiles.actors import actor


@dataclass(frozen=True)
class Outcome:
    """What the builder shows after an act."""

    state: State
    focus: str = ""
    said: str = ""


Act = Callable[[LandingPage, str, State, AbstractUser], Outcome]


def act(page: LandingPage, button: str, state: State, *, by: AbstractUser) -> Outcome:
    """Do what the button says, such as "up:<key>" or "add:checkbox"; a button that is not known does nothing.

    Raises EditConflict, NoSuchBlock and NothingToUndo like the verbs of `editing` and `undoing`.
    """
    name, _colon, argument = button.partition(":")
    return ACTS[name](page, argument, state, by) if name in ACTS else Outcome(state)


def _add(page: LandingPage, argument: str, state: State, by: AbstractUser) -> Outcome:
    """ "checkbox" to where it goes by itself, "checkbox:3" to where it was dragged."""
    kind, _colon, position = argument.partition(":")
    if kind not in BlockKind.values or not KINDS[BlockKind(kind)].is_for(state.part) or (position and not position.isdecimal()):
        return Outcome(state)
    block = editing.add(page, kind, by=by, part=state.part, position=int(position[:9]) if position else None)
    said = _("A block is added: %(kind)s.") % {"kind": KINDS[BlockKind(kind)].label}
    return Outcome(replace(state, block=str(block.key)), SETTINGS, said)


def _up(page: LandingPage, key: str, state: State, by: AbstractUser) -> Outcome:
    editing.move_up(page, key, by=by)
    return Outcome(state, f"up-{key}", _place(page, key, state))


def _down(page: LandingPage, key: str, state: State, by: AbstractUser) -> Outcome:
    editing.move_down(page, key, by=by)
    return Outcome(state, f"down-{key}", _place(page, key, state))


def _move(page: LandingPage, argument: str, state: State, by: AbstractUser) -> Outcome:
    key, _colon, position = argument.partition(":")
    if not position.isdecimal():
        return Outcome(state)
    editing.move_to(page, key, int(position[:9]), by=by)
    return Outcome(state, f"choose-{key}", _place(page, key, state))


def _place(page: LandingPage, key: str, state: State) -> str:
    every = list(Block.objects.filter(page=page, part=state.part))
    place, block = next((place, block) for place, block in enumerate(every, 1) if str(block.key) == key)
    values = {"label": words(block, state.lang), "place": place, "number": len(every)}
    return _("“%(label)s” is block %(place)s of %(number)s now.") % values


def _duplicate(page: LandingPage, key: str, state: State, by: AbstractUser) -> Outcome:
    block = editing.duplicate(page, key, by=by)
    said = _("“%(label)s” is duplicated.") % {"label": words(block, state.lang)}
    return Outcome(replace(state, block=str(block.key)), SETTINGS, said)


def _remove(page: LandingPage, key: str, state: State, by: AbstractUser) -> Outcome:
    """The block below is chosen then, or the last one."""
    every = {str(block.key): block for block in Block.objects.filter(page=page, part=state.part)}
    editing.remove(page, key, by=by)
    keys = list(every)
    place = keys.index(key)
    left = [*keys[place + 1 : place + 2], *keys[:place][-1:]]
    said = _("“%(label)s” is removed.") % {"label": words(every[key], state.lang)}
    return Outcome(replace(state, block=left[0] if left else ""), f"choose-{left[0]}" if left else "blocks", said)


def _undo(page: LandingPage, argument: str, state: State, by: AbstractUser) -> Outcome:
    whose = undoing.undo(page, by=by)
    said = _("The last change is undone.") if whose == actor(by) else _("The change of %(name)s is undone.") % {"name": whose}
    return Outcome(state, "undo", said)


def _redo(page: LandingPage, argument: str, state: State, by: AbstractUser) -> Outcome:
    undoing.redo(page, by=by)
    return Outcome(state, "redo", _("The change is done again."))


ACTS: dict[str, Act] = {
    "add": _add,
    "up": _up,
    "down": _down,
    "move": _move,
    "duplicate": _duplicate,
    "remove": _remove,
    "undo": _undo,
    "redo": _redo,
}
