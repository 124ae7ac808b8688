"""What texts are compared by."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.kernel.search.folding import LONGEST, fold, grams


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("설", "서랍"),  # a final letter that will begin the next syllable
        ("서ㅇ", "서연"),  # a letter alone, as it is typed
        ("값", "갑사"),
        ("CRÈME", "creme brûlée"),
        ("pay_", "pay-api"),
        ("chat/prod", "chat prod kr"),
    ],
)
def test_what_is_being_typed_begins_what_is_meant(typed: str, meant: str) -> None:
    assert fold(meant).startswith(fold(typed))


def test_what_differs_stays_different() -> None:
    assert fold("서연") != fold("서언")
    assert len(fold("x" * 1000)) == LONGEST
    assert not grams("ab")
    assert grams(fold("서연")), "two syllables are enough for a part of three"


@given(st.text(max_size=60))
def test_both_normal_forms_and_folding_twice_are_the_same(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(unicodedata.normalize("NFD", text))
    assert fold(fold(text)) == fold(text)
