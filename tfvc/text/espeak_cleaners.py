"""Cleaners that are espeak-ng in the voice's own language."""

import re
import unicodedata

from tfvc.text.cleaners import collapse_whitespace
from tfvc.text.errors import TextError
from tfvc.text.espeak import clauses, phonemize

# Marks by which espeak-ng ends a clause -> the mark that Piper's phonemes then have.
_MARKS = {
    **dict.fromkeys(".。．।۔։", "."),
    **dict.fromkeys("?？؟\u037e", "?"),
    **dict.fromkeys("!！", "!"),
    **dict.fromkeys(",，、،", ","),
    **dict.fromkeys(":：", ":"),
    **dict.fromkeys(";；؛—–…", ";"),
}
# What espeak-ng has read for a clause ends with the clause's marks, what closes or opens behind them, and maybe one
# character of the next.
_TAIL = re.compile(rf"([{re.escape(''.join(_MARKS))}]+)[^\w{re.escape(''.join(_MARKS))}]*\w?$")
_LANGUAGE = re.compile(r"\([^)]*\)")


def espeak_phonemes(text: str, language: str | None) -> str:
    """Phonemes with punctuation and stress, in the language of the voice; coqui's voices and others'."""
    return collapse_whitespace(phonemize(text, _voice(language), punctuation=True, stress=True))


def piper_phonemes(text: str, language: str | None) -> str:
    """Phonemes of a sentence as Piper's voices take them (rhasspy/piper-phonemize, `phonemize_eSpeak`).

    Clauses are those of espeak-ng. Of punctuation there is what ended them, with a space behind what does not end a
    sentence; accents stand apart from their letters. Piper ends a sentence behind every "Mr."; here a period within
    the text is no sign of one, since sentences have been split before.
    """
    found = list(clauses(text, _voice(language)))
    spoken = ""
    for index, (phonemes, piece) in enumerate(found):
        mark = _mark(piece, last=index == len(found) - 1)
        spoken += _LANGUAGE.sub("", phonemes) + mark
        if index < len(found) - 1:
            spoken += " "
    return collapse_whitespace(unicodedata.normalize("NFD", spoken)).strip()


def _mark(piece: str, last: bool) -> str:
    """The mark that ended a clause, nothing if none did."""
    tail = _TAIL.search(piece)
    if tail is None:
        return ""
    marks = [_MARKS[mark] for mark in tail[1]]
    dots = len(marks) > 1 and set(marks) == {"."}
    if last:
        return "?" if "?" in marks else "." if marks[0] == ";" else marks[0]
    if dots:
        return ";"
    return "" if set(marks) == {"."} else next(mark for mark in marks if mark != ".")


def _voice(language: str | None) -> str:
    if language is None:
        raise TextError("the voice does not say in which language espeak-ng shall read; its symbols.json has none")
    return language
