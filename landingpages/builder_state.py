"""What the builder shows: the chosen block, part and language, how the preview looks, and each block as it looks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from landingpages import blocks
from landingpages.checking import Check, Level
from landingpages.kinds import HTML, KINDS, Kind
from landingpages.models import Block, BlockKind, Part
from landingpages.richtext import as_text
from landingpages.snapshots import labels

PARTS = dict(Part.choices)
PART_HELP = {
    Part.CONFIRMATION: gettext_lazy("What visitors read once they have sent their choices."),
    Part.ERROR: gettext_lazy("What visitors read when their choices could not be recorded."),
}
SETTINGS = "settings"  # the id of the heading above the settings of the chosen block
KEY_CHARACTERS = 36
NAMES = ("block", "part", "lang", "width", "scheme", "visitor")
WIDTHS = {"phone": gettext_lazy("Phone"), "desktop": gettext_lazy("Desktop")}
SCHEMES = {"light": gettext_lazy("Light"), "dark": gettext_lazy("Dark")}
NOBODY = "nobody"  # as whom the preview is seen where no profile is chosen


@dataclass(frozen=True)
class State:
    """Which part of the page the builder shows, and how; kept in the address, so that it survives every act."""

    block: str
    part: str
    lang: str
    width: str
    scheme: str
    visitor: str  # id of the profile that the preview is seen as, or NOBODY

    @classmethod
    def read(cls, data: Mapping[str, str]) -> "State":
        """What the request shows, with a default for whatever it does not or cannot mean."""
        return cls(
            block=data.get("block", "")[:KEY_CHARACTERS],
            part=_one_of(PARTS, data.get("part")),
            lang=_one_of(dict(settings.LANGUAGES), data.get("lang"), get_language()),
            width=_one_of(WIDTHS, data.get("width")),
            scheme=_one_of(SCHEMES, data.get("scheme")),
            visitor=visitor if (visitor := data.get("visitor", "")[:18]).isdecimal() else NOBODY,
        )

    def pressed(self, data: Mapping[str, str]) -> tuple["State", str]:
        """The state that the pressed button asks for, and the id of the element that has the focus then."""
        wanted = {name: data[f"to_{name}"] for name in NAMES if data.get(f"to_{name}")}
        wanted |= {"block": ""} if "part" in wanted else {}
        focus = next((SETTINGS if name == "block" else f"{name}-{value}" for name, value in wanted.items() if value), "")
        return State.read({**asdict(self), **wanted}), focus

    def address(self, path: str, focus: str = "") -> str:
        """The builder in this state with the focus on an element: by the fragment, or by our script."""
        shown = {name: value for name, value in (asdict(self) | {"focus": focus}).items() if value}
        return f"{path}?{urlencode(shown)}" + (f"#{focus}" if focus else "")


def _one_of(known: Mapping[str, Any], *wanted: str | None) -> str:
    return next((one for one in wanted if one and one in known), next(iter(known)))


def told(block: Block) -> dict[str, str]:
    """Language -> what the block says, without markup."""
    if block.shared:
        return {code: as_text(text) for code, text in labels({"texts": block.shared.texts}).items()}
    texts = labels({"texts": block.texts})
    return {code: as_text(text) for code, text in texts.items()} if KINDS[BlockKind(block.kind)].writes == HTML else texts


def words(block: Block, lang: str) -> str:
    """What a block is called: its label in this language or another, otherwise its kind; shortened."""
    texts = told(block)
    return Truncator(texts.get(lang) or next(iter(texts.values()), str(KINDS[BlockKind(block.kind)].label))).chars(60)


@dataclass(frozen=True)
class Row:
    """A block in the list, with its words in the language shown."""

    block: Block
    kind: Kind
    text: str
    lang: str
    level: str
    is_selected: bool
    is_first: bool
    is_last: bool
    bound: Any  # the label of the field that the block fills, or the service that it is about

    @property
    def name(self) -> str:
        return words(self.block, self.lang)

    @property
    def is_typed(self) -> bool:
        return self.kind.is_input and not self.is_box

    @property
    def says_nothing(self) -> bool:
        """Whether its kind has no words of its own."""
        return self.kind.writes == ""

    @property
    def is_box(self) -> bool:
        return self.block.kind in (BlockKind.CHECKBOX, BlockKind.SERVICE, BlockKind.AGREEMENT)


@dataclass(frozen=True)
class Finding:
    """A check with where it is put right: a block, a property, or another part of the page."""

    level: Level
    text: str
    block_key: str
    about: str
    field: str = ""
    part: str = ""


def findings(page_blocks: list[Block], lang: str, checks: Iterable[Check]) -> list[Finding]:
    """The checks with the place and the words of their block."""
    about = {str(block.key): _about(block, place, lang) for part in Part for place, block in _numbered(page_blocks, part)}
    found = [
        Finding(check.level, check.text, check.block_key, about.get(check.block_key, ""), check.field, check.part)
        for check in checks
    ]
    return sorted(found, key=lambda finding: finding.level != Level.ERROR)  # stable: the errors first, each in its order


def _numbered(page_blocks: list[Block], part: Part) -> Iterator[tuple[int, Block]]:
    return enumerate((block for block in page_blocks if block.part == part), 1)


def _about(block: Block, place: int, lang: str) -> str:
    values = {"page": Part(block.part).label, "place": place, "label": words(block, lang)}
    named = _("Block %(place)s, “%(label)s”") if block.part == Part.CONTENT else _("%(page)s page, block %(place)s, “%(label)s”")
    return named % values


def rows(page_blocks: list[Block], state: State, checks: Iterable[Check]) -> list[Row]:
    """The blocks in order, each with the worst level of what the checks say about it."""
    levels: dict[str, str] = {}
    for check in checks:
        worst = Level.ERROR in (check.level, levels.get(check.block_key))
        levels[check.block_key] = Level.ERROR if worst else check.level
    last = len(page_blocks) - 1
    fields = blocks.known(block.field for block in page_blocks)
    return [
        Row(
            block,
            KINDS[BlockKind(block.kind)],
            told(block).get(state.lang, ""),
            state.lang,
            levels.get(str(block.key), ""),
            is_selected=str(block.key) == state.block,
            is_first=place == 0,
            is_last=place == last,
            bound=fields[block.field].label if block.field in fields else block.service or "",
        )
        for place, block in enumerate(page_blocks)
    ]
