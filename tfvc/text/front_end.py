"""The front-end of a voice: what it makes of a text."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from annotated_types import Ge, Le, MinLen

from tfvc.common.config import Config
from tfvc.text.cleaners import clean
from tfvc.text.errors import TextError
from tfvc.text.sentences import is_spoken, one_line, split_sentences

SymbolId = Annotated[int, Ge(0), Le(1 << 20)]
SymbolIds = tuple[SymbolId, ...]


@dataclass(frozen=True)
class Utterance:
    """What is spoken at a time: a sentence, or a part of a long one.

    Attributes:
        text: as it was written.
        spoken: after the cleaners, in the voice's symbols.
        ids: what the network takes.
        left_out: punctuation of `spoken` that the voice has no symbols for, each once.
    """

    text: str
    spoken: str
    ids: tuple[int, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextFrontEnd(Config):
    """A symbol table and the way to it; `symbols.json` of a preset.

    The ids of a text are `start`, then those of each symbol with `blank` behind them, then `end`.

    Attributes:
        symbols: symbol -> its ids, mostly one.
        start, blank, end: ids before the text, behind each symbol, after the text.
        cleaners: names of what turns a text into symbols, in order; see `tfvc.text.cleaners`.
        language: of the cleaners that ask for one, such as espeak-ng's "en-us".
        without_punctuation: the voice was trained on texts from which the punctuation was taken that it has no symbols
            for. Of other voices a text with such a mark is refused.
    """

    symbols: Annotated[dict[str, Annotated[SymbolIds, MinLen(1)]], MinLen(1)]
    start: SymbolIds = ()
    blank: SymbolIds = ()
    end: SymbolIds = ()
    cleaners: tuple[str, ...] = ()
    language: str | None = None
    without_punctuation: bool = False

    @classmethod
    def of_list(cls, symbols: Sequence[str], add_blank: bool = True, **fields) -> Self:
        """The front-end of a list of symbols, whose ids are their indices; a later one of the same name counts.

        Args:
            symbols: in order.
            add_blank: whether id 0 stands around every symbol, as upstream's `add_blank` has it.
            fields: further attributes.
        """
        blank = (0,) if add_blank else ()
        return cls(symbols={symbol: (i,) for i, symbol in enumerate(symbols)}, start=blank, blank=blank, **fields)

    def to_dict(self):
        """The fields as `symbols.json` has them: lists, where this has tuples."""
        return json.loads(json.dumps(super().to_dict()))

    @property
    def largest_id(self) -> int:
        """The largest id that a text can have; a model must have more symbols than that."""
        return max(i for ids in (*self.symbols.values(), self.start, self.blank, self.end) for i in ids)

    def utterances(self, text: str) -> list[Utterance]:
        """A text as the sentences in which it is spoken.

        Raises:
            TextError: if the text is empty or nothing in it is spoken, it has a symbol that the voice lacks (naming
                each and the word it is in), or a cleaner cannot be used.
        """
        found = [self.utterance(sentence) for sentence in split_sentences(text) if is_spoken(sentence)]
        if not found:
            raise TextError("the text is empty: there is nothing to say" if not text.strip() else _silent(text))
        return found

    def utterance(self, text: str) -> Utterance:
        """A text as one utterance, however long.

        Raises:
            TextError: as `utterances` does.
        """
        spoken = clean(one_line(text), self.cleaners, self.language)
        left_out = tuple(dict.fromkeys(c for c in spoken if c not in self.symbols and self._may_go(c)))
        kept = one_line("".join(c for c in spoken if c not in left_out)) if left_out else spoken
        if not is_spoken(kept):
            raise TextError(_silent(text))
        return Utterance(text, kept, self.encode(kept), left_out)

    def encode(self, spoken: str) -> tuple[int, ...]:
        """The ids of what cleaners gave: every character is a symbol.

        Raises:
            TextError: naming the characters that are no symbols of the voice, and the words they are in.
        """
        if unknown := list(dict.fromkeys(c for c in spoken if c not in self.symbols)):
            named = ", ".join(f"{_shown(c)} (in {_word(spoken, c)!r})" for c in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise TextError(f"the voice has no symbol for {named}{more}; write the text without, or spell it out")
        return (*self.start, *(i for c in spoken for i in (*self.symbols[c], *self.blank)), *self.end)

    def _may_go(self, character: str) -> bool:
        return self.without_punctuation and unicodedata.category(character).startswith("P")


def _silent(text: str) -> str:
    return f"nothing in the text {_short(text)!r} is spoken; it has no letters and no digits"


def _short(text: str, most: int = 30) -> str:
    text = one_line(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _word(spoken: str, character: str) -> str:
    return _short(next(word for word in spoken.split(" ") if character in word) if character != " " else spoken)


def _shown(character: str) -> str:
    """A character by itself and by its code, as marks that combine and look-alikes are hard to see."""
    return f"{character!r} U+{ord(character):04X}"
