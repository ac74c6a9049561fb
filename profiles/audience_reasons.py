"""Why somebody is not in an audience: the conditions of its tree that decide against her, in words.

Each condition is asked of the database by the very SQL that the audience is made of, for all the people in question at
once. What holds and what does not is then followed down the tree, so that only what matters is named.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.audiences import Moment, Reading, Tree
from profiles.models import Profile


@dataclass(frozen=True)
class Reason:
    """What decides against a person: one condition, or a group of them, whose text ends with a colon."""

    text: str
    parts: list["Reason"] = field(default_factory=list)


class Judged:
    """An audience asked about some people at a moment; InvalidAudience where the tree is not understood."""

    def __init__(self, tree: Tree, ids: Collection[int], *, at: datetime | None = None) -> None:
        self.tree, self.reading = tree, Reading()
        self.reading.check(tree)
        self._people = Profile.objects.filter(pk__in=ids).order_by()
        self._moment = Moment(at or timezone.now())
        self._found: dict[int, frozenset[int]] = {}

    def has(self, profile_id: int) -> bool:
        return self._holds(self.tree, profile_id)

    def reasons(self, profile_id: int) -> list[Reason]:
        """Why the person is not in the audience: each reason alone keeps her out. Empty for who is in it."""
        return [] if self.has(profile_id) else list(self._against(self.tree, profile_id, wanted=True))

    def _holds(self, tree: Tree, who: int) -> bool:
        match tree:
            case {"all": list(parts)}:
                return all(self._holds(part, who) for part in parts)
            case {"any": list(parts)}:
                return any(self._holds(part, who) for part in parts)
            case {"not": part}:
                return not self._holds(part, who)
            case {"field": _}:
                return who in self._fitting(tree)
        return True

    def _fitting(self, leaf: Tree) -> frozenset[int]:
        """Those of the people whom the condition fits; one query for each condition."""
        if id(leaf) not in self._found:
            condition = self.reading.condition(leaf, self._moment)
            self._found[id(leaf)] = frozenset(self._people.filter(condition).values_list("pk", flat=True))
        return self._found[id(leaf)]

    def _against(self, tree: Tree, who: int, *, wanted: bool) -> Iterator[Reason]:
        """Why a part is not as wanted, which it is not: each reason alone is enough for that."""
        match tree:
            case {"not": part}:
                yield from self._against(part, who, wanted=not wanted)
            case {"all": [_first, *_others] as parts} | {"any": [_first, *_others] as parts}:
                yield from self._group(parts, who, wanted=wanted, is_any="any" in tree)
            case {"field": _}:
                words = {"rule": self.reading.words(tree)}
                yield Reason((_("not true: %(rule)s") if wanted else _("true, but must not be: %(rule)s")) % words)
            case _:
                yield Reason(_("the audience is nobody") if wanted else _("the audience leaves everybody out"))

    def _group(self, parts: list[Tree], who: int, *, wanted: bool, is_any: bool) -> Iterator[Reason]:
        if is_any != wanted:  # one part is enough to decide against her
            guilty = [part for part in parts if self._holds(part, who) != wanted]
            yield from (reason for part in guilty for reason in self._against(part, who, wanted=wanted))
            return
        inner = [self._one(part, who, wanted=wanted) for part in parts]
        text = _("none of these is true, and one is needed:") if wanted else _("all of these are true, and must not be together:")
        yield inner[0] if len(inner) == 1 else Reason(text, inner)

    def _one(self, part: Tree, who: int, *, wanted: bool) -> Reason:
        """A part of a group as one reason: several of them would read as if one were enough."""
        found = list(self._against(part, who, wanted=wanted))
        if len(found) == 1:
            return found[0]
        return Reason(_("all of these are needed:") if wanted else _("none of these may be true:"), found)
