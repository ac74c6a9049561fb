"""Contrast by WCAG 2.2, and shades that can always be read."""

import random

import pytest

from profiles import colours
from profiles.colours import Scheme


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.47),  # the grey that is just too light
        ("#0000ff", "#ffffff", 8.59),
        ("#ff0000", "#ffffff", 3.99),  # 3.998: never rounded up
    ],
)
def test_contrast_is_that_of_the_standard(one, other, ratio):
    assert colours.contrast(one, other) == colours.contrast(other, one) == ratio


def test_pairs_are_measured_at_their_worst_place():
    scheme = Scheme(accent="#949494", button_text="#ffffff", page="#ffffff", text="#767676")

    measured = [(pair.role, pair.ratio, pair.needed, pair.is_refused, pair.is_enough) for pair in colours.pairs(scheme)]

    assert measured == [
        ("text", 4.54, 4.5, True, True),
        ("button_text", 3.03, 4.5, True, False),
        ("accent", 3.03, 3.0, True, True),
        ("accent", 3.03, 4.5, False, False),
    ]


def test_whatever_can_be_saved_has_shades_that_can_be_read():
    """Quiet text, errors, links and the button under the pointer, for 300 brands at random."""
    chance, tried = random.Random(5), 0
    while tried < 300:
        scheme = Scheme(*(f"#{chance.randrange(256**3):06x}" for _ in range(4)))
        if any(pair.is_refused and not pair.is_enough for pair in colours.pairs(scheme)):
            continue
        tried += 1
        shades = colours.tokens(scheme)
        for name in ("text", "quiet", "link", "danger"):
            assert colours.lowest(shades[name], scheme.grounds) >= 4.5, (scheme, name)
        assert colours.contrast(shades["accent-text"], shades["accent-strong"]) >= 4.5, scheme
        assert colours.lowest(shades["accent"], scheme.grounds) >= 3, scheme
