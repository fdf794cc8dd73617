"""Upstream's English cleaners: jaywalnut310/vits, text/cleaners.py, which keithito/tacotron's became.

Numbers are left to espeak-ng, as upstream does.
"""

import re

from tfvc.text.cleaners import collapse_whitespace
from tfvc.text.errors import TextError
from tfvc.text.espeak import INSTALL, phonemize

# What upstream says for an abbreviation, in its order and spelling.
_ABBREVIATIONS = {
    "mrs": "misess",
    "mr": "mister",
    "dr": "doctor",
    "st": "saint",
    "co": "company",
    "jr": "junior",
    "maj": "major",
    "gen": "general",
    "drs": "doctors",
    "rev": "reverend",
    "lt": "lieutenant",
    "hon": "honorable",
    "sgt": "sergeant",
    "capt": "captain",
    "esq": "esquire",
    "ltd": "limited",
    "col": "colonel",
    "ft": "fort",
}
_ABBREVIATED = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\.", re.IGNORECASE)
_VOICE = "en-us"


def transliteration_cleaners(text: str, language: str | None) -> str:
    """ASCII, small letters, white space collapsed."""
    return collapse_whitespace(_to_ascii(text).lower())


def english_cleaners(text: str, language: str | None) -> str:
    """Phonemes of American English, without punctuation and stress: upstream's first models."""
    return collapse_whitespace(phonemize(_plain(text), _VOICE))


def english_cleaners2(text: str, language: str | None) -> str:
    """Phonemes of American English with punctuation and stress: the published `ljs` and `vctk`."""
    return collapse_whitespace(phonemize(_plain(text), _VOICE, punctuation=True, stress=True))


def _plain(text: str) -> str:
    return _ABBREVIATED.sub(lambda match: _ABBREVIATIONS[match[1]], _to_ascii(text).lower())


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    try:
        from unidecode import unidecode
    except ImportError:
        raise TextError(f"letters beyond ASCII need the package Unidecode; run {INSTALL}") from None
    return unidecode(text)
