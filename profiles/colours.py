"""Colours of a brand: what can be read on what (WCAG 2.2, 1.4.3 and 1.4.11), and the shades that a page takes from them."""

from collections.abc import Iterable
from dataclasses import dataclass

TEXT = 4.5  # : 1, of text on what is behind it
CONTROL = 3.0  # : 1, of what a control is recognised by
ROLES = ("accent", "button_text", "page", "text")
RED = ("#a3261b", "#ffb4a9")  # of errors, on light and on dark
LIGHT_ENOUGH = 0.18  # luminance from which black can be read better than white

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Scheme:
    """The four colours that a brand chooses for light, or for dark, as "#1d5f5a"."""

    accent: str
    button_text: str
    page: str
    text: str

    @property
    def is_light(self) -> bool:
        return luminance(self.page) >= LIGHT_ENOUGH

    @property
    def surface(self) -> str:
        """What the form stands on: a little lighter than the page around it."""
        return mixed("#ffffff", self.page, 0.75 if self.is_light else 0.06)

    @property
    def grounds(self) -> tuple[str, str]:
        return self.page, self.surface


@dataclass(frozen=True)
class Pair:
    """A colour on what is behind it. A pair that `is_refused` must not be saved; another one that fails is worked around."""

    role: str
    ratio: float
    needed: float
    is_refused: bool

    @property
    def is_enough(self) -> bool:
        return self.ratio >= self.needed


def pairs(scheme: Scheme) -> list[Pair]:
    """Everything that has to be told apart, each at its worst place on the page."""
    return [
        Pair("text", lowest(scheme.text, scheme.grounds), TEXT, is_refused=True),
        Pair("button_text", contrast(scheme.button_text, scheme.accent), TEXT, is_refused=True),
        Pair("accent", lowest(scheme.accent, scheme.grounds), CONTROL, is_refused=True),
        Pair("accent", lowest(scheme.accent, scheme.grounds), TEXT, is_refused=False),  # links then have the colour of the text
    ]


def tokens(scheme: Scheme) -> dict[str, str]:
    """The custom properties of public.css by their names."""
    surface = scheme.surface
    quiet = next(
        shade
        for shade in (mixed(scheme.text, surface, share / 20) for share in range(13, 21))
        if shade == scheme.text or lowest(shade, scheme.grounds) >= TEXT
    )
    away = "#000000" if luminance(scheme.button_text) >= LIGHT_ENOUGH else "#ffffff"
    reds = [red for red in RED if lowest(red, scheme.grounds) >= TEXT]
    return {
        "page": scheme.page,
        "surface": surface,
        "text": scheme.text,
        "quiet": quiet,
        "line": mixed(scheme.text, surface, 0.18),
        "accent": scheme.accent,
        "accent-strong": mixed(away, scheme.accent, 0.2),
        "accent-text": scheme.button_text,
        "link": scheme.accent if lowest(scheme.accent, scheme.grounds) >= TEXT else scheme.text,
        "danger": reds[0] if reds else scheme.text,
    }


def lowest(colour: str, grounds: Iterable[str]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


def contrast(one: str, other: str) -> float:
    """From 1 to 21, cut (never rounded up) to two digits: 4.499 is not 4.5."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return int((lighter + 0.05) / (darker + 0.05) * 100 + 1e-9) / 100


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(one: str, other: str, share: float) -> str:
    """This much of one in the other."""
    both = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(first * share + second * (1 - share)):02x}" for first, second in both)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> Channels:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
