"""The table of block kinds: who fills them in, which texts and options they have, on which pages they stand."""

from dataclasses import dataclass
from typing import Any

from landingpages.models import ANSWERING, SPEAKING, BlockKind, Part

Texts = dict[str, dict[str, str]]  # language -> {"label": …, "help": …}
BLOCK_TEXTS = ("label", "help")
AGREEMENT_TEXTS = (*BLOCK_TEXTS, "message")  # what is said where it was not ticked
# How the label of a kind is written: on one line, on several, or as HTML; other kinds say nothing.
LINE, LINES, HTML = "line", "lines", "html"


@dataclass(frozen=True)
class Kind:
    """A kind of block: whether visitors fill it in, and the texts that a new one starts with."""

    kind: BlockKind
    label: Any
    is_input: bool
    takes_field: bool
    takes_help: bool
    default_texts: Texts
    default_field: str = ""
    writes: str = LINE
    text_names: tuple[str, ...] = BLOCK_TEXTS

    @property
    def can_be_mandatory(self) -> bool:
        """Whether an operator decides that it has to be filled in."""
        return self.is_input and self.takes_field

    @property
    def needs_label(self) -> bool:
        return self.is_input or self.kind in (BlockKind.BUTTON, BlockKind.LINK)

    def is_for(self, part: str) -> bool:
        """Whether it may stand on this one of the three pages."""
        return self.kind in ANSWERING if part != Part.CONTENT else self.kind != BlockKind.LINK


def _texts(en: str, fr: str, names: tuple[str, ...] = BLOCK_TEXTS) -> Texts:
    empty = dict.fromkeys(names, "")
    return {"en": {**empty, "label": en}, "fr": {**empty, "label": fr}}


def _says(kind: BlockKind, en: str = "", fr: str = "", *, writes: str = LINE) -> Kind:
    return Kind(kind, kind.label, False, False, False, _texts(en, fr), writes=writes)


def _input(kind: BlockKind, en: str, fr: str, *, default_field: str = "") -> Kind:
    return Kind(kind, kind.label, True, True, True, _texts(en, fr), default_field)


def _box_about_a_service() -> Kind:
    """Visitors fill it in, yet it is bound to a service and to no field."""
    return Kind(
        BlockKind.SERVICE,
        BlockKind.SERVICE.label,
        is_input=True,
        takes_field=False,
        takes_help=True,
        default_texts=_texts("Subscribe", "M’abonner"),
    )


def _agreement() -> Kind:
    """A box that is bound to nothing and has to be ticked (reference 3.5.10)."""
    texts = _texts("I agree to the terms of use.", "J’accepte les conditions d’utilisation.", AGREEMENT_TEXTS)
    texts["en"]["message"] = "Tick this box to go on: we need your agreement."
    texts["fr"]["message"] = "Cochez cette case pour continuer : nous avons besoin de votre accord."
    return Kind(
        BlockKind.AGREEMENT,
        BlockKind.AGREEMENT.label,
        is_input=True,
        takes_field=False,
        takes_help=True,
        default_texts=texts,
        writes=LINES,
        text_names=AGREEMENT_TEXTS,
    )


def _hidden() -> Kind:
    """It fills a field, and no visitor sees it or has a say in it."""
    return Kind(
        BlockKind.HIDDEN,
        BlockKind.HIDDEN.label,
        False,
        takes_field=True,
        takes_help=False,
        default_texts=_texts("", ""),
        writes="",
    )


KINDS: dict[BlockKind, Kind] = {
    entry.kind: entry
    for entry in (
        _says(BlockKind.HEADING, "Heading", "Titre"),
        _says(BlockKind.TEXT, "Text", "Texte", writes=LINES),
        _says(BlockKind.RICH_TEXT, "<p>Text</p>", "<p>Texte</p>", writes=HTML),
        _says(BlockKind.IMAGE),
        _says(BlockKind.DIVIDER, writes=""),
        _says(BlockKind.SHARED, writes=""),
        _input(BlockKind.TEXT_INPUT, "Text input", "Champ de texte"),
        _input(BlockKind.LONG_TEXT, "Long text", "Texte long"),
        _input(BlockKind.NUMBER, "Number", "Nombre"),
        _input(BlockKind.DATE, "Date", "Date"),
        _input(BlockKind.EMAIL, "Email", "Email", default_field="email"),
        _input(BlockKind.PHONE, "Mobile", "Mobile", default_field="mobile"),
        _input(BlockKind.CHOICE, "Choice", "Choix"),
        _input(BlockKind.RADIO, "Choice", "Choix"),
        _input(BlockKind.CHECKBOX, "Checkbox", "Case à cocher"),
        _box_about_a_service(),
        _agreement(),
        _hidden(),
        _says(BlockKind.BUTTON, "Send", "Envoyer"),
        _says(BlockKind.LINK, "Continue", "Continuer"),
    )
}


def palette(part: str) -> list[Kind]:
    """The kinds that may be put on this one of the three pages."""
    return [kind for kind in KINDS.values() if kind.is_for(part)]


def is_speaking(kind: str) -> bool:
    """Whether visitors read it and have nothing to do with it."""
    return kind in SPEAKING
