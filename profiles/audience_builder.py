"""The audience builder: a rule tree as nested groups in a form. The whole state travels in the fields of the form.

A group or condition is named by its place: "a" is the outermost group, "a.1" its second part. A group sends `a.1:kind`, a
condition `a.1:field`, `a.1:operator` and any number of `a.1:value`. What was typed is kept as it is, whether it can be read
or not; tree() gives the rule tree once everything can.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles import audiences
from profiles.audience_service import UNKNOWN, chosen, with_service, without_service
from profiles.audience_values import Input, Unreadable
from profiles.audiences import CONDITIONS, DEPTH, EVERYBODY, Field, InvalidAudience, Operator, Reading, Tree

ROOT = "a"
NAME = re.compile(r"(?P<path>a(?:\.\d{1,3}){0,40}):(?P<part>kind|field|operator|value)", re.ASCII)
KINDS = {
    "all": gettext_lazy("all of these conditions"),
    "any": gettext_lazy("at least one of these conditions"),
    "none": gettext_lazy("none of these conditions"),
    "not_all": gettext_lazy("not all of these conditions"),
}
LEVELS = {"all": 1, "any": 1, "none": 2, "not_all": 2}  # of the tree that a group takes


@dataclass
class Condition:
    """One leaf as it was typed. `error` says why it cannot be read; where nothing was typed yet, only once it matters."""

    field: str
    operator: str = ""
    texts: list[str] = dataclass_field(default_factory=list)
    path: str = ""
    error: str = ""
    about: Field | None = None

    @property
    def is_group(self) -> bool:
        return False

    @property
    def is_touched(self) -> bool:
        """Pairs are touched once both are there: nobody types two values at once."""
        return bool(self.texts) and all(text.strip() for text in self.texts)

    @property
    def is_marked(self) -> bool:
        """Whether what was typed is shown as a mistake; an empty value is one only when somebody wants to save."""
        return bool(self.error) and self.is_touched

    @property
    def id(self) -> str:
        return html_id(self.path)

    @property
    def label(self) -> str:
        return str(self.about.label if self.about else self.field)

    @property
    def chosen(self) -> Operator | None:
        return self.about.operators.get(self.operator) if self.about else None

    @property
    def operators(self) -> list[tuple[str, Any]]:
        return [(name, operator.label) for name, operator in self.about.operators.items()] if self.about else []

    @property
    def inputs(self) -> list[Input]:
        return self.chosen.value.inputs(self.texts) if self.chosen else []

    def find(self, reading: Reading) -> None:
        """The field of the registry; an operator of another type gives way to the first that fits."""
        self.about = reading.find(self.field)
        if self.about and self.operator not in self.about.operators and not self.texts:
            self.operator = next(iter(self.about.operators))

    def tree(self) -> Tree | None:
        """The leaf; None, with the reason in `error`, where it cannot be read."""
        if self.chosen is None:
            self.error = _("This condition does not exist any more: remove it.")
            return None
        try:
            value = self.chosen.value.read(self.texts)
        except Unreadable as fault:
            self.error = str(fault)
            return None
        return {"field": self.field, "operator": self.operator, "value": value}


@dataclass
class Group:
    kind: str = "all"
    parts: list["Group | Condition"] = dataclass_field(default_factory=list)
    path: str = ""

    @property
    def is_group(self) -> bool:
        return True

    @property
    def id(self) -> str:
        return html_id(self.path)

    @property
    def kind_label(self) -> Any:
        return KINDS[self.kind]

    @property
    def is_root(self) -> bool:
        return self.path == ROOT

    @property
    def meaning(self) -> str:
        """Whom a group without any part means."""
        return _("nobody") if self.kind in ("any", "not_all") else _("everybody")

    def tree(self) -> Tree | None:
        """None where a part cannot be read; each of them then says why."""
        parts = [part.tree() for part in self.parts]
        if None in parts:
            return None
        inside = {"any" if self.kind in ("any", "none") else "all": parts}
        return {"not": inside} if self.kind in ("none", "not_all") else inside


Part = Group | Condition


class Builder:
    """The groups and conditions of one form, and what its buttons do to them.

    `service` is a condition outside the groups: the form of a delivery has a field of its own for it, named "subscribers".
    """

    def __init__(self, root: Group, service: int | None = None) -> None:
        self.root = root
        self.service = service
        self.error = ""
        self.focus = ""
        self.said = ""
        self.is_strict = False
        self.reading = Reading()
        self.settle()

    @classmethod
    def of(cls, tree: Tree, service: int | None = None) -> "Builder":
        """The form of a stored tree; of one that is not understood what can be shown of it."""
        part = _part_of(without_service(tree, service), Reading())
        return cls(part if isinstance(part, Group) else Group(parts=[part]), service)

    @classmethod
    def read(cls, data: QueryDict) -> "Builder | None":
        """What a form sent; None where it sent no builder."""
        sent: dict[str, dict[str, list[str]]] = {}
        for name in data:
            if match := NAME.fullmatch(name):
                sent.setdefault(match["path"], {})[match["part"]] = data.getlist(name)
        if ROOT not in sent:
            return None
        part = _sent(ROOT, sent)
        return cls(part if isinstance(part, Group) else Group(parts=[part]), chosen(data.get("subscribers", "")))

    def settle(self) -> None:
        """Give every part its place and its field."""
        for part, path in _placed(self.root, ROOT):
            part.path = path
            if isinstance(part, Condition):
                part.find(self.reading)

    def tree(self) -> Tree | None:
        """The rule tree; None where something cannot be read: `error` or the conditions say what."""
        if self.service == UNKNOWN:
            self.error = _("Choose from the list.")
            return None
        tree = self.root.tree()
        if tree is None:
            self.error = _("Complete or remove the conditions that are marked.")
            return None
        tree = with_service(tree, self.service)
        try:
            audiences.condition(tree)
        except InvalidAudience as fault:
            self.error = str(fault)
            return None
        return tree

    def words(self) -> str:
        """Who is meant, as a sentence; what is missing where it cannot be said."""
        tree = self.tree()
        return audiences.in_words(tree) if tree is not None else ""

    @property
    def conditions(self) -> list[Condition]:
        return [part for part, _path in _placed(self.root, ROOT) if isinstance(part, Condition)]

    @property
    def kinds(self) -> list[tuple[str, Any]]:
        return list(KINDS.items())

    @property
    def palette(self) -> list[tuple[str, list[Field]]]:
        """The fields to choose from, by their group."""
        groups: dict[str, list[Field]] = {}
        for about in (audiences.FIELDS | self.reading.own_fields).values():
            groups.setdefault(str(about.group), []).append(about)
        return list(groups.items())

    def add(self, tree: Tree) -> None:
        """Another condition or group, such as a saved audience: beside what is there, or instead of nothing."""
        part = _part_of(tree, self.reading)
        if isinstance(part, Group) and not self.root.parts:
            self.root = part
        elif self._has_room():
            self._list_of_root().append(part)
        self.settle()

    def act(self, button: str, data: Mapping[str, str]) -> None:
        """Do what a button says: "add:a.1", "add:a:country", "group:a", "remove:a.0", "up:a.0", "down:a.0", "refresh:a.0"."""
        verb, _colon, rest = button.partition(":")
        path, _colon, detail = rest.partition(":")
        acts = {"add": self._add, "group": self._group, "remove": self._remove, "up": self._move, "down": self._move}
        found = self._find(path)
        if found is None or verb not in acts:
            self.focus = f"{html_id(path)}-{detail or 'operator'}" if found else ""
            return
        acts[verb](found, detail or data.get(f"{path}:new", ""), verb)
        self.settle()

    def _add(self, group: Part, name: str, verb: str) -> None:
        about = self.reading.find(name)
        if not isinstance(group, Group) or about is None:
            self.said = _("Choose a field first.")
            self.focus = f"{group.id}-new"
        elif self._has_room():
            group.parts.append(Condition(name, next(iter(about.operators))))
            self.focus = f"{html_id(f'{group.path}.{len(group.parts) - 1}')}-operator"
            self.said = _("Condition added: %(field)s.") % {"field": about.label}

    def _group(self, group: Part, kind: str, verb: str) -> None:
        if self._depth(group) >= DEPTH:
            self.said = _("Groups can be nested up to %(number)s levels.") % {"number": DEPTH}
            self.focus = f"{group.id}-group"
        elif isinstance(group, Group):
            group.parts.append(Group("any" if group.kind in ("all", "none") else "all"))
            self.focus = f"{html_id(f'{group.path}.{len(group.parts) - 1}')}-new"
            self.said = _("Group added.")

    def _remove(self, part: Part, detail: str, verb: str) -> None:
        parent, place = self._parent(part)
        if parent is None:
            return
        parent.parts.remove(part)
        self.said = _("Removed.")
        near = min(place, len(parent.parts) - 1)
        self.focus = f"{html_id(f'{parent.path}.{near}')}-remove" if parent.parts else f"{parent.id}-new"

    def _move(self, part: Part, detail: str, verb: str) -> None:
        """One place up or down: past a condition, into a group, or out of its own group."""
        parent, place = self._parent(part)
        if parent is None:
            return
        step = -1 if verb == "up" else 1
        beside = parent.parts[place + step] if 0 <= place + step < len(parent.parts) else None
        outer, at = self._parent(parent)
        if isinstance(beside, Group) and self._depth(beside) + _height(part) <= DEPTH:
            parent.parts.remove(part)
            beside.parts.insert(len(beside.parts) if step < 0 else 0, part)
        elif beside is not None:
            parent.parts.insert(place + step, parent.parts.pop(place))
        elif outer is not None:
            parent.parts.remove(part)
            outer.parts.insert(at + (step > 0), part)
        else:
            self.said = _("It is at the end already.")
        self.settle()
        self.focus = f"{part.id}-{verb}"
        self.said = self.said or _("Moved.")

    def _has_room(self) -> bool:
        if len(self.conditions) < CONDITIONS:
            return True
        self.said = _("An audience has at most %(number)s conditions.") % {"number": CONDITIONS}
        return False

    def _list_of_root(self) -> list[Part]:
        """Where something that must hold as well is put: the outermost group, made an "all" where it is none."""
        if self.root.kind != "all":
            self.root = Group(parts=[self.root])
        return self.root.parts

    def _depth(self, part: Part) -> int:
        """Levels of the tree down to the inside of a part."""
        above = [one for one, path in _placed(self.root, ROOT) if f"{part.path}.".startswith(f"{path}.")]
        return sum(LEVELS[one.kind] for one in above if isinstance(one, Group))

    def _find(self, path: str) -> Part | None:
        return next((part for part, place in _placed(self.root, ROOT) if place == path), None)

    def _parent(self, part: Part) -> tuple[Group | None, int]:
        above, _dot, place = part.path.rpartition(".")
        parent = self._find(above)
        return (parent, int(place)) if isinstance(parent, Group) else (None, 0)


def html_id(path: str) -> str:
    return path.replace(".", "-")


def _placed(part: Part, path: str) -> Iterator[tuple[Part, str]]:
    yield part, path
    if isinstance(part, Group):
        for number, inner in enumerate(part.parts):
            yield from _placed(inner, f"{path}.{number}")


def _height(part: Part) -> int:
    """Levels of the tree that a part takes."""
    return LEVELS[part.kind] + max((_height(inner) for inner in part.parts), default=0) if isinstance(part, Group) else 0


def _sent(path: str, sent: dict[str, dict[str, list[str]]]) -> Part:
    own = sent[path]
    if "field" in own:
        operator = "".join(own.get("operator", [])[:1])
        return Condition("".join(own["field"][:1]), operator, own.get("value", []))
    below = [place for place in sent if place.rpartition(".")[0] == path]
    kind = "".join(own.get("kind", [])[:1])
    if kind not in KINDS:
        return Condition(kind[:100])
    parts = [_sent(place, sent) for place in sorted(below, key=lambda place: int(place.rpartition(".")[2]))]
    return Group(kind, parts)


def _part_of(tree: Any, reading: Reading) -> Part:
    """A part of a tree as it is shown. What the tree may not hold becomes a condition that says so, never nothing."""
    match tree:
        case {"not": {"any": list(parts)}}:
            return Group("none", [_part_of(part, reading) for part in parts])
        case {"not": {"all": list(parts)}}:
            return Group("not_all", [_part_of(part, reading) for part in parts])
        case {"not": {}} if not tree["not"]:
            return Group("not_all")
        case {"not": part}:
            return Group("none", [_part_of(part, reading)])
        case {"all": list(parts)}:
            return Group("all", [_part_of(part, reading) for part in parts])
        case {"any": list(parts)}:
            return Group("any", [_part_of(part, reading) for part in parts])
        case {"field": str(name), "operator": str(operator), "value": value}:
            return Condition(name, operator, _texts(name, operator, value, reading))
        case dict() if not tree:
            return Group()
    return Condition(str(tree)[:100], "", [""])


def _texts(name: str, operator: str, value: Any, reading: Reading) -> list[str]:
    try:
        return reading.operator(name, operator, value).value.texts(value)
    except InvalidAudience:
        return [str(part)[:200] for part in value] if isinstance(value, list) else [str(value)[:200]]


def blank() -> Builder:
    return Builder.of(EVERYBODY)
