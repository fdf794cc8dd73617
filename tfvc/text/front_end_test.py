import json

import pytest

from tfvc.common.errors import TfvcError
from tfvc.text import VITS_SYMBOLS, TextError, TextFrontEnd

ABC = TextFrontEnd.of_list("_abc ,.", cleaners=("basic_cleaners",))


def refusal(front_end, text):
    with pytest.raises(TextError) as problem:
        front_end.utterances(text)
    assert "\n" not in str(problem.value)
    return str(problem.value)


def test_upstream_has_178_symbols_of_which_the_apostrophe_is_there_twice():
    """Facts of the published models: jaywalnut310/vits, text/symbols.py."""
    assert (len(VITS_SYMBOLS), len(set(VITS_SYMBOLS))) == (178, 177)
    assert [i for i, symbol in enumerate(VITS_SYMBOLS) if symbol == "'"] == [174, 176]
    front_end = TextFrontEnd.of_list(VITS_SYMBOLS, add_blank=False)
    assert front_end.encode("_'aᵻ ") == (0, 176, 43, 177, 16)
    assert front_end.largest_id == 177


def test_blanks_stand_around_every_symbol():
    for text in ("a", "ab", "abc"):
        (utterance,) = ABC.utterances(text)
        ids = [0] * (2 * len(text) + 1)
        ids[1::2] = ["_abc ,.".index(c) for c in text]
        assert list(utterance.ids) == ids
    assert TextFrontEnd.of_list("_abc", add_blank=False).utterance("cab").ids == (3, 1, 2)


def test_a_start_an_end_and_symbols_of_several_ids():
    """Piper's form: `^ _ ph _ ... $`."""
    front_end = TextFrontEnd(symbols={"a": (5,), "b": (6, 7)}, start=(1, 0), blank=(0,), end=(2,))
    assert front_end.encode("ab") == (1, 0, 5, 0, 6, 7, 0, 2)
    assert front_end.largest_id == 7


def test_a_text_is_spoken_in_sentences():
    found = ABC.utterances("A b.  C, a. ...")
    assert [u.text for u in found] == ["A b.", "C, a."]
    assert [u.spoken for u in found] == ["a b.", "c, a."]


def test_unknown_symbols_are_named_with_their_words():
    assert refusal(ABC, "ab\N{SNOWMAN}c xyz") == (
        "the voice has no symbol for '☃' U+2603 (in 'ab☃c'), 'x' U+0078 (in 'xyz'), 'y' U+0079 (in 'xyz'), "
        "'z' U+007A (in 'xyz'); write the text without, or spell it out"
    )
    assert "and 2 more" in refusal(ABC, "1234567")
    assert "'!' U+0021" in refusal(ABC, "ab!")


def test_punctuation_may_go_where_the_voice_was_trained_so_and_is_told():
    front_end = TextFrontEnd.of_list("_abc ,", cleaners=("lowercase",), without_punctuation=True)
    (utterance,) = front_end.utterances('"A", b - c!')
    assert (utterance.spoken, utterance.left_out) == ("a, b c", ('"', "-", "!"))
    assert "'7' U+0037" in refusal(front_end, "a 7!")
    assert "nothing in the text" in refusal(front_end, "!?")


def test_an_empty_text_is_refused():
    assert "the text is empty" in refusal(ABC, "")
    assert "the text is empty" in refusal(ABC, " \n\n ")
    assert "nothing in the text '...' is spoken" in refusal(ABC, "...")


def test_a_cleaner_that_is_not_here_is_told_with_those_that_are():
    message = refusal(TextFrontEnd.of_list("_a", cleaners=("japanese_cleaners",)), "a")
    assert "'japanese_cleaners', which is not here; known: basic_cleaners, english_cleaners," in message


def test_another_package_adds_a_cleaner(monkeypatch):
    monkeypatch.setattr("tfvc.text.cleaners.plugins", lambda group: {"shout": lambda text, language: text.upper()})
    assert TextFrontEnd.of_list("_A", cleaners=("shout",)).utterance("aa").ids == (0, 1, 0, 1, 0)


def test_cleaners_without_phonemes():
    front_end = TextFrontEnd.of_list(["_", "a", "\u0301", "ţ", "s", " "], cleaners=("piper_characters",))
    assert front_end.utterance("Á ß").spoken == "a\u0301 ss"
    assert TextFrontEnd.of_list("_ţ", cleaners=("lowercase",), language="ron").utterance("Ț").spoken == "ţ"


def test_it_travels_as_json():
    front_end = TextFrontEnd(symbols={"a": (5,)}, start=(1, 0), blank=(0,), end=(2,), cleaners=("x",), language="de")
    assert TextFrontEnd.from_dict(json.loads(json.dumps(front_end.to_dict()))) == front_end
    content = front_end.to_dict()
    for changed in (
        {"symbols": {}},
        {"symbols": {"a": []}},
        {"symbols": {"a": [-1]}},
        {"symbols": {"a": 1}},
        {"start": 1},
        {"cleaners": "x"},
        {"language": 3},
        {"more": 1},
    ):
        with pytest.raises(TfvcError, match="here: "):
            TextFrontEnd.from_dict({**content, **changed}, "here")
