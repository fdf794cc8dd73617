"""Text in, symbol ids out: cleaners, phonemes, symbol tables that travel with a preset."""

from tfvc.text.cleaners import known_cleaners
from tfvc.text.errors import TextError
from tfvc.text.front_end import TextFrontEnd, Utterance
from tfvc.text.sentences import split_sentences
from tfvc.text.vits_symbols import VITS_SYMBOLS

__all__ = ["VITS_SYMBOLS", "TextError", "TextFrontEnd", "Utterance", "known_cleaners", "split_sentences"]
