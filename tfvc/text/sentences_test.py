import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfvc.text.sentences import is_spoken, one_line, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Is it?! It is.", ["Is it?!", "It is."]),
        ('"Really?" he said. "Yes!"', ['"Really?" he said.', '"Yes!"']),
        ("Mr. Smith and Dr. Jones met J. S. Bach. They", ["Mr. Smith and Dr. Jones met J. S. Bach.", "They"]),
        ("It costs 3.50 now. 4.20 later.", ["It costs 3.50 now.", "4.20 later."]),
        ("He left… and came. So.", ["He left… and came.", "So."]),
        ("It is plan B. Then", ["It is plan B. Then"]),
        ("It is plan B.", ["It is plan B."]),
        ("one\ntwo\n\nthree\n \nfour", ["one two", "three", "four"]),
        ("你好！再见。完", ["你好！", "再见。", "完"]),
        ("  tab\tand\0null \n", ["tab and null"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_sentences(text, sentences):
    assert split_sentences(text) == sentences


def test_a_long_sentence_is_cut_at_the_best_place():
    assert split_sentences("a, b and c, d e f", 10) == ["a,", "b and c,", "d e f"]
    assert split_sentences("aaa bbb ccc ddd", 7) == ["aaa bbb", "ccc ddd"]
    assert split_sentences("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


def test_a_book_in_one_line_without_marks_is_cut_too():
    """As those of languages without spaces are; there are more pieces than Python nests calls."""
    assert split_sentences("ກ" * 1_000_001, 400) == ["ກ" * 400] * 2500 + ["ກ"]


@given(st.text(alphabet="ab,;. \n!Ä—("), st.integers(3, 30))
def test_nothing_is_lost_and_nothing_is_too_long(text, longest):
    pieces = split_sentences(text, longest)
    assert all(0 < len(piece) <= longest for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_what_is_spoken():
    assert all(map(is_spoken, ("a", "7.", "日", "¿ñ?", "☃")))
    assert not any(map(is_spoken, ("", " ", "...", "—“”", "\n")))
    assert one_line(" a\t\x07b ") == "a b"
