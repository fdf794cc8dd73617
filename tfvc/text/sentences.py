"""A text in sentences, so that a long one is spoken in bounded memory."""

import re
import unicodedata

# The memory of attention grows with the square of a sentence's length. The longest text in upstream's training has 190
# characters.
LONGEST = 400

_CLOSING = r"[\"'”’»)\]}」』]*"
# Marks of scripts that put a space behind a sentence, and of those that do not.
_ENDS = re.compile(rf"(?:[.!?…؟।۔։]+{_CLOSING}(?=\s|$)|[。！？]+{_CLOSING})")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_CLAUSES = re.compile(r"(?<=[,;:，、；：،؛—])\s*|\s+(?=[(—–])")
_SPACES = re.compile(r"\s+")
# A period behind these is not the end of a sentence, though a capital follows.
_TITLES = frozenset(re.findall(r"\w+", "mr mrs ms dr prof st jr sr gen col lt capt sgt maj rev hon vs mme mlle hr fr"))
_LAST_WORD = re.compile(r"([^\W\d_]+)\.$")


def split_sentences(text: str, longest: int = LONGEST) -> list[str]:
    """The sentences of a text in order, each in one line, white space collapsed; what is empty is left out.

    A sentence ends with its mark and the quotes and brackets that close behind it, or with a paragraph. A period ends
    none where a small letter follows, behind titles such as "Dr." and behind single letters ("J. S. Bach"). A sentence
    of more than `longest` characters is cut behind a comma or the like, else between words, else where it must be.
    """
    pieces = []
    for paragraph in _PARAGRAPHS.split(text):
        for sentence in _sentences(one_line(paragraph)):
            pieces += _cut(sentence, longest)
    return pieces


def one_line(text: str) -> str:
    """The text with white space collapsed; control characters count as such."""
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())


def is_spoken(text: str) -> bool:
    """Whether anything in a text is more than punctuation and space."""
    return any(unicodedata.category(character)[0] not in "PZC" for character in text)


def _sentences(line: str) -> list[str]:
    found, start = [], 0
    for match in _ENDS.finditer(line):
        if _ends(line[start : match.end()], line[match.end() :].lstrip()):
            found.append(line[start : match.end()].strip())
            start = match.end()
    rest = line[start:].strip()
    return [*found, rest] if rest else found


def _ends(sentence: str, rest: str) -> bool:
    """Whether a sentence that looks like ending here does so."""
    if rest[:1].islower():
        return False
    word = _LAST_WORD.search(sentence)
    return word is None or not (word[1].lower() in _TITLES or (len(word[1]) == 1 and word[1].isupper() and rest != ""))


def _cut(sentence: str, longest: int) -> list[str]:
    """A sentence in pieces of at most `longest` characters, at the best place that each has."""
    pieces = []
    while len(sentence) > longest:
        end, start = _best_place(sentence, longest)
        pieces.append(sentence[:end])
        sentence = sentence[start:]
    return [*pieces, sentence]


def _best_place(sentence: str, longest: int) -> tuple[int, int]:
    """Where a piece ends, and where the next begins."""
    for places in (_CLAUSES, _SPACES):
        # White space has been collapsed: a place is at most a character long.
        found = places.finditer(sentence, 0, longest + 2)
        fitting = [m.span() for m in found if 0 < m.start() <= longest and m.end() < len(sentence)]
        if fitting:
            return fitting[-1]
    return longest, longest
