"""Phonemes: what they look like, whichever version of espeak-ng speaks."""

import builtins
import re
import subprocess
import sys

import pytest

from tfvc.text import VITS_SYMBOLS, TextError, TextFrontEnd, espeak
from tfvc.text.cleaners import clean

MARKS = ".,;:!?"


def skeleton(spoken):
    """Words as w, with spaces and punctuation as they are."""
    return re.sub(r"[^\s.,;:!?…\"“”()—]+", "w", spoken)


@pytest.fixture
def without(monkeypatch):
    """Makes a package look as if it were not installed."""

    def hide(name):
        import_ = builtins.__import__

        def refuse(wanted, *args, **kwargs):
            if wanted.partition(".")[0] == name:
                raise ImportError(f"No module named {name!r}", name=name)
            return import_(wanted, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", refuse)
        espeak._phonemizer.cache_clear()
        espeak._library.cache_clear()

    yield hide
    monkeypatch.undo()
    espeak._phonemizer.cache_clear()
    espeak._library.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please call Stella.", "w w w."),
        ("Bring these, with her: now; go!", "w w, w w: w; w!"),
        ("Is it?! Really", "w w? w"),
        ('She said: "No!" (twice)', "w w: w! w"),
        ("Mr. Smith paid", "w w w"),
        ("a world — dash… again", "w w; w; w"),
        ("wait... what", "w; w"),
        ("wait...", "w."),
        ("no mark", "w w"),
    ],
)
def test_piper_has_the_marks_that_end_clauses(text, expected):
    assert skeleton(clean(text, ["piper_phonemes"], "en-us")) == expected


def test_piper_takes_accents_from_their_letters_and_drops_the_names_of_languages():
    spoken = clean("Der Computer, façade: ein Meeting. Ça va.", ["piper_phonemes"], "de")
    assert "(" not in spoken
    assert "ç" not in spoken
    assert "c\u0327" in clean("ich", ["piper_phonemes"], "de")


def test_what_follows_a_clause_is_read_too():
    """espeak-ng reads a character ahead: none may be lost, none be read twice, whatever its length in UTF-8."""
    for text in ("a, b, c", "é, é, é", "日, 日, 日", "a,b", "x" * 500 + ", y", "a\0b, c"):
        assert "".join(piece for _, piece in espeak.clauses(text, "en-us")) == text.replace("\0", " ")
    together = " ".join(phonemes for phonemes, _ in espeak.clauses("hello, world", "en-us"))
    apart = " ".join(phonemes for word in ("hello", "world") for phonemes, _ in espeak.clauses(word, "en-us"))
    assert together == apart


def test_upstreams_english_keeps_punctuation_and_stress_or_neither():
    text = 'Mr. Smith said: "Hello, world!"'
    both, none = clean(text, ["english_cleaners2"], None), clean(text, ["english_cleaners"], None)
    assert skeleton(both) == 'w w w: "w, w!"'
    assert "ˈ" in both
    assert skeleton(none) == "w w w w w"
    assert not set(none) & set("ˈˌ" + MARKS)
    assert both.startswith(clean("Mister Smith", ["english_cleaners2"], None))
    TextFrontEnd.of_list(VITS_SYMBOLS).encode(both + none)


def test_letters_beyond_ascii_become_ascii_in_upstreams_english():
    assert clean("“Café”", ["english_cleaners2"], None) == clean('"Cafe"', ["english_cleaners2"], None)
    assert clean("Über  Äpfel", ["transliteration_cleaners"], None) == "uber apfel"


def test_a_voice_by_the_code_of_its_language():
    """`fr-fr` is not the name of a voice, but the code of a voice's language."""
    assert clean("bonjour", ["piper_phonemes"], "fr-fr") == clean("bonjour", ["piper_phonemes"], "fr")
    assert clean("hello", ["piper_phonemes"], "en-us") != clean("hello", ["piper_phonemes"], "de")
    assert clean("hello", ["espeak_phonemes"], "en-us") == clean("hello", ["piper_phonemes"], "en-us")


@pytest.mark.parametrize(("short", "code"), [("en", "en-gb"), ("fr", "fr-fr")])
def test_a_language_that_espeak_knows_by_a_shorter_name(short, code):
    """Published voices of coqui say "en"; phonemizer by itself knows "en-gb" and "en-us" only."""
    text = "rather, bonjour"
    assert clean(text, ["espeak_phonemes"], short) == clean(text, ["espeak_phonemes"], code)
    assert clean(text, ["espeak_phonemes"], short) != clean(text, ["espeak_phonemes"], "de")


@pytest.mark.parametrize("cleaner", ["piper_phonemes", "espeak_phonemes"])
def test_a_language_that_espeak_lacks_is_told(cleaner):
    with pytest.raises(TextError, match=r"espeak-ng .*'xx-none'"):
        clean("hello", [cleaner], "xx-none")
    with pytest.raises(TextError, match="in which language"):
        clean("hello", [cleaner], None)


@pytest.mark.parametrize("package", ["phonemizer", "espeakng_loader"])
@pytest.mark.parametrize("cleaner", ["piper_phonemes", "espeak_phonemes", "english_cleaners2"])
def test_without_the_extra_the_error_says_what_to_install(without, package, cleaner):
    without(package)
    with pytest.raises(TextError, match=rf"{package} is not installed; run pip install 'tfvc\[text\]'"):
        clean("hello", [cleaner], "en-us")


def test_without_unidecode_only_what_needs_it_is_refused(without):
    without("unidecode")
    with pytest.raises(TextError, match=r"Unidecode; run pip install 'tfvc\[text\]'"):
        clean("é", ["transliteration_cleaners"], None)
    assert clean("e", ["transliteration_cleaners"], None) == "e"


def test_nothing_of_the_extra_is_imported_before_it_is_used():
    code = "import sys, tfvc.text; assert not {'phonemizer', 'espeakng_loader', 'unidecode'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
