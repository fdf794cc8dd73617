"""Cleaners by name: functions that turn a text into what a voice's symbols spell.

A cleaner takes the text and the language of the voice, and gives a text. Models name the ones that they were trained
with, as upstream's `config.json` does; other packages add theirs by the entry-point group `tfvc.text_cleaners`.
"""

import re
from collections.abc import Callable, Iterable

from tfvc.common.plugins import load_object, plugins
from tfvc.text.errors import TextError

GROUP = "tfvc.text_cleaners"

Cleaner = Callable[[str, str | None], str]

# Where each lies; those that need espeak-ng are imported when they are used.
_OURS = {
    "lowercase": "tfvc.text.cleaners:lowercase",
    "basic_cleaners": "tfvc.text.cleaners:basic_cleaners",
    "transliteration_cleaners": "tfvc.text.english:transliteration_cleaners",
    "english_cleaners": "tfvc.text.english:english_cleaners",
    "english_cleaners2": "tfvc.text.english:english_cleaners2",
    "espeak_phonemes": "tfvc.text.espeak_cleaners:espeak_phonemes",
    "piper_phonemes": "tfvc.text.espeak_cleaners:piper_phonemes",
    "piper_characters": "tfvc.text.cleaners:piper_characters",
}


def known_cleaners() -> list[str]:
    """The names of all cleaners that are installed."""
    return sorted({**_OURS, **plugins(GROUP)})


def clean(text: str, names: Iterable[str], language: str | None) -> str:
    """A text through several cleaners, one after the other.

    Raises:
        TextError: if there is no cleaner of a name, or one cannot do without what is not installed.
    """
    for name in names:
        text = _find(name)(text, language)
    return text


def _find(name: str) -> Cleaner:
    if name in _OURS:
        return load_object(_OURS[name])
    if name in plugins(GROUP):
        return plugins(GROUP)[name]
    raise TextError(
        f"the voice's texts go through the cleaner {name!r}, which is not here; known: {', '.join(known_cleaners())} "
        f"(a package adds its own in the entry-point group {GROUP})"
    )


def collapse_whitespace(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def lowercase(text: str, language: str | None) -> str:
    """Small letters. Romanian's t with comma becomes that with cedilla, which models of MMS have."""
    text = text.lower()
    return text.replace("ț", "ţ") if language in ("ro", "ron") else text


def basic_cleaners(text: str, language: str | None) -> str:
    """jaywalnut310/vits, text/cleaners.py: small letters, white space collapsed."""
    return collapse_whitespace(text.lower())


def piper_characters(text: str, language: str | None) -> str:
    """rhasspy/piper-phonemize, `phonemize_codepoints`: case folded, accents apart from their letters."""
    import unicodedata

    return unicodedata.normalize("NFD", text.casefold())
