"""espeak-ng: phonemes of many languages.

The library and its data come with the package `espeakng-loader`, `phonemizer` calls it; no system package is needed.
Both are under the GPL, so they are an extra, imported when they are used. `$PHONEMIZER_ESPEAK_LIBRARY` and
`$PHONEMIZER_ESPEAK_DATA_PATH`, which phonemizer knows, put another espeak-ng in place of the packaged one.
"""

import ctypes
import functools
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

from tfvc.text.errors import TextError

INSTALL = "pip install 'tfvc[text]'"

# The library keeps its voice and its place in the text in globals.
_LOCK = threading.RLock()
_UTF8, _IPA = 1, 2


def phonemize(text: str, voice: str, punctuation: bool = False, stress: bool = False) -> str:
    """IPA of a text, as `phonemizer.phonemize(..., backend="espeak", strip=True)` gives it.

    Words of another language than the voice's are not marked as such.

    Args:
        text: what to say.
        voice: espeak-ng's language code, such as "en-us", or what else it knows the voice by, such as "en".
        punctuation, stress: whether marks of punctuation and of stress are kept.

    Raises:
        TextError: if espeak-ng is not installed, or has no such voice.
    """
    with _LOCK:
        phonemizer = _phonemizer()
        try:
            return phonemizer.phonemize(
                text,
                language=_language_code(voice),
                backend="espeak",
                strip=True,
                preserve_punctuation=punctuation,
                with_stress=stress,
                language_switch="remove-flags",
                logger=_silent_logger(),
            )
        except RuntimeError as error:  # what phonemizer raises for an unknown language
            raise TextError(f"espeak-ng cannot speak {voice!r} ({error})") from None


def clauses(text: str, voice: str) -> Iterator[tuple[str, str]]:
    """IPA of a text clause by clause, each with the piece of the text that espeak-ng read for it.

    The piece reaches to the end of the clause and up to one character beyond it.

    Raises:
        TextError: if espeak-ng is not installed, or has no such voice.
    """
    data = text.replace("\0", " ").encode()
    buffer = ctypes.create_string_buffer(data)
    with _LOCK:
        library = _library()
        _set_voice(library, voice)
        start = ctypes.addressof(buffer)
        place = ctypes.c_char_p(start)
        address = ctypes.cast(ctypes.byref(place), ctypes.POINTER(ctypes.c_void_p))
        found, done = [], 0
        while address.contents.value is not None:
            phonemes = library.text_to_phonemes(ctypes.pointer(place), _UTF8, _IPA)
            now = len(data) if address.contents.value is None else address.contents.value - start
            found.append((phonemes.decode(), data[done:now].decode(errors="ignore")))
            done = now
    yield from found


@functools.cache
def _language_code(voice: str) -> str:
    """The code by which phonemizer knows a voice: of the languages that a voice has, the first.

    espeak-ng itself takes "en" and "fr", which others' configurations have, for "en-gb" and "fr-fr".
    """
    if _phonemizer().backend.EspeakBackend.is_supported_language(voice):
        return voice
    library = _library()
    _set_voice(library, voice)
    return library.get_current_voice().languages[1:].decode()  # its first byte is a priority


def _set_voice(library: Any, voice: str) -> None:
    """By name, else the voice that espeak-ng prefers for the language of that code."""
    if library.set_voice_by_name(voice.encode()) == 0:
        return
    name = _voices(library).get(voice.lower())
    if name is None or library.set_voice_by_name(name) != 0:
        raise TextError(f"espeak-ng has no voice {voice!r}")


def _voices(library: Any) -> dict[str, bytes]:
    """Language code -> the voice that is listed first for it."""
    listed, found, index = library.list_voices(None), {}, 0
    while listed[index]:
        voice = listed[index].contents
        code = voice.languages[1:].decode()  # its first byte is a priority
        if not voice.identifier.startswith(b"mb/"):  # needs a program that is not here
            found.setdefault(code, voice.identifier)
        index += 1
    return found


@functools.cache
def _library() -> Any:
    """espeak-ng, set up once a process."""
    _phonemizer()
    from phonemizer.backend.espeak.api import EspeakAPI
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    data = os.environ.get("PHONEMIZER_ESPEAK_DATA_PATH")
    if data is None and _is_packaged():
        import espeakng_loader

        data = espeakng_loader.get_data_path()
    try:
        return EspeakAPI(EspeakWrapper.library(), data)
    except RuntimeError as error:
        raise TextError(f"espeak-ng cannot be loaded ({error}); {INSTALL} brings one") from None


@functools.cache
def _phonemizer() -> Any:
    """The module, told where espeak-ng is."""
    try:
        import phonemizer
        from phonemizer.backend.espeak.wrapper import EspeakWrapper

        if _is_packaged():
            import espeakng_loader

            EspeakWrapper.set_library(espeakng_loader.get_library_path())
            EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    except ImportError as error:
        raise TextError(f"phonemes need espeak-ng and {error.name} is not installed; run {INSTALL}") from None
    return phonemizer


def _is_packaged() -> bool:
    """Whether espeak-ng is that of the package, not one that the user names."""
    return "PHONEMIZER_ESPEAK_LIBRARY" not in os.environ


def _silent_logger() -> logging.Logger:
    """phonemizer's own writes to stderr, that words were counted differently before and after."""
    logger = logging.getLogger("tfvc.text.espeak")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
