"""Whatever colour is picked, words stay readable on it and in it (WCAG 2.2, level AA)."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deskbell.kit.colour import contrast, shades
from deskbell.kit.jinja import STYLES

WORDS, EDGES = 4.5, 3.0
TOKENS = (STYLES / "tokens.css").read_text()


def token(name: str) -> tuple[str, str]:
    light, dark = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", TOKENS).groups()
    return light, dark


PAGES = [token(name) for name in ("grey-0", "grey-50", "grey-100")]
colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(colours)
@example("#000000")
@example("#ffffff")
@example("#ffff00")
@example("#0000ff")
@example("#00ff00")
@example("#7f7f7f")
def test_words_are_readable_on_and_in_every_accent(picked):
    made = shades(picked)
    for mode in (0, 1):
        assert contrast("#ffffff", made.accent[mode]) >= WORDS
        assert contrast("#ffffff", made.accent_strong[mode]) >= WORDS
        assert contrast(PAGES[0][mode], made.accent[mode]) >= EDGES
        assert contrast(PAGES[1][mode], made.accent[mode]) >= EDGES
        for page in (*PAGES, made.accent_soft, made.accent_faint):
            assert contrast(page[mode], made.accent_text[mode]) >= WORDS


def test_a_colour_that_is_readable_already_stays_as_it_was_picked():
    assert shades("#284db9").accent[0] == "#284db9"


def test_the_style_sheet_names_the_tokens_of_the_house():
    css = shades("#e4572e").css()
    named = re.findall(r"--[\w-]+", css)
    assert named == [name for name in named if f"{name}:" in TOKENS]
    assert len(named) == 5
    assert "  --accent: light-dark(#d1441b, #d1441b);\n" in css


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#1234567", "#123456;}"])
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(ValueError, match="is not #rrggbb"):
        shades(text)


def test_contrast_is_that_of_wcag():
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
