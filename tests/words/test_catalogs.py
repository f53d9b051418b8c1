"""The catalogs hold every message, whole, and what is compiled is what is written."""

from __future__ import annotations

import pytest

from words.catalogs import LANGUAGES, as_mo, as_po, extracted, file_of, missing, stored, updated, words_of

TELL = "run bin/words"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_holds_what_is_said_and_nothing_else(language):
    assert as_po(updated(language, extracted())).decode() == file_of(language, "po").read_text(), TELL


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_with_its_gaps_and_plurals(language):
    assert [message.id for message in missing(stored(language))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    assert as_mo(stored(language)) == file_of(language, "mo").read_bytes(), TELL


def test_nothing_is_left_to_a_translator_to_guess():
    catalog = stored("de")
    assert not [message.id for message in words_of(catalog) if message.fuzzy]
    assert "#~" not in file_of("de", "po").read_text()


def test_a_gap_that_is_left_out_or_made_up_is_found():
    catalog = updated("de", extracted())
    message = catalog.get("Team %(name)s")
    for wrong in ("Team", "Team %(name)s %(other)s", ""):
        message.string = wrong
        assert message in missing(catalog)
