"""The `config.json` of coqui's Vits (idiap/coqui-ai-TTS, TTS/tts/configs/vits_config.py) and the files it names."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.models.vits.layouts.published import Published, required, section, speaker_ids, texts
from tfvc.text import TextFrontEnd
from tfvc.weights import load_torch_file

_WHOSE = "coqui's config.json"
# Our name -> theirs, and what coqui takes where the file does not say.
_MODEL = {
    "inter_channels": ("hidden_channels", 192),
    "hidden_channels": ("hidden_channels", 192),
    "filter_channels": ("hidden_channels_ffn_text_encoder", 768),
    "n_heads": ("num_heads_text_encoder", 2),
    "n_layers": ("num_layers_text_encoder", 6),
    "kernel_size": ("kernel_size_text_encoder", 3),
    "p_dropout": ("dropout_p_text_encoder", 0.1),
    "resblock": ("resblock_type_decoder", "1"),
    "resblock_kernel_sizes": ("resblock_kernel_sizes_decoder", [3, 7, 11]),
    "resblock_dilation_sizes": ("resblock_dilation_sizes_decoder", [[1, 3, 5]] * 3),
    "upsample_rates": ("upsample_rates_decoder", [8, 8, 2, 2]),
    "upsample_initial_channel": ("upsample_initial_channel_decoder", 512),
    "upsample_kernel_sizes": ("upsample_kernel_sizes_decoder", [16, 16, 4, 4]),
    "use_sdp": ("use_sdp", True),
    "spec_channels": ("out_channels", 513),
    "posterior_layers": ("num_layers_posterior_encoder", 16),
    "flow_layers": ("num_layers_flow", 4),
    "wavenet_kernel_size": ("kernel_size_flow", 5),
}
_DATA = {
    "sampling_rate": ("sample_rate", 22050),
    "filter_length": ("fft_size", 1024),
    "hop_length": ("hop_length", 256),
    "win_length": ("win_length", 1024),
}
_INFERENCE = {
    "noise_scale": ("inference_noise_scale", 0.667),
    "noise_scale_w": ("inference_noise_scale_dp", 1.0),
    "length_scale": ("length_scale", 1.0),
}
# What would make it another network than upstream's.
_FIXED = {
    "dilation_rate_posterior_encoder": 1,
    "dilation_rate_flow": 1,
    "use_language_embedding": False,
    "encoder_sample_rate": None,
    "condition_dp_on_speaker": True,
}
_BLANK = "<BLNK>"
# TTS/tts/utils/text/cleaners.py: all others make small letters. Of what else they do there is nothing here.
_NO_CLEANER = "no_cleaners"
_KEEPING_CAPITALS = (_NO_CLEANER, "phoneme_cleaners", "multilingual_phoneme_cleaners", "chinese_mandarin_cleaners")
_EPS = (
    "coqui's duration predictor has 1e-4 in its layer normalisation where upstream and this one have 1e-5; durations "
    "differ by about 4e-4"
)


def published(content: dict[str, Any], path: Path, symbols: int, speakers: int) -> Published:
    """What the files say.

    Args:
        content: of `config.json`.
        path: that file; the one with the speakers is looked for beside it.
        symbols, speakers: rows of the network's tables; 0 for no table.

    Raises:
        TfvcError: naming a field that would make it another network than VITS.
    """
    args = section(content, "model_args", _WHOSE, path)
    required(args, _FIXED, _WHOSE, path)
    model = _read(args, _MODEL)
    if args.get("kernel_size_posterior_encoder", 5) != model["wavenet_kernel_size"]:
        raise TfvcError(f"{path}: the wavenets of posterior encoder and flow have kernels of two sizes; not read")
    embedding = args.get("d_vector_dim", 0) if args.get("use_d_vector_file", False) else 0
    model |= {
        "n_vocab": symbols,
        "n_speakers": speakers,
        "gin_channels": embedding or (args.get("speaker_embedding_channels", 256) if speakers else 0),
        "embedding_size": embedding,
    }
    front_end, notes = _front_end(content, path, symbols)
    if not model["use_sdp"]:
        notes = (*notes, _EPS)
    names = _speakers(content, args, path)
    if speakers > 1 and not names:
        notes = (*notes, f"no file with the names of the {speakers} speakers lies beside {path}; they go by numbers")
    data = _read(section(content, "audio", _WHOSE, path), _DATA)
    return Published(model, data, front_end, names, _read(args, _INFERENCE), notes)


def _read(content: Mapping[str, Any], names: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    return {ours: content.get(theirs, default) for ours, (theirs, default) in names.items()}


def _speakers(content: dict[str, Any], args: dict[str, Any], path: Path) -> dict[str, int]:
    """The file that is named is on the machine of whoever trained; the one beside the configuration counts."""
    named = content.get("speakers_file") or args.get("speakers_file")
    if not isinstance(named, str):
        return {}
    file = path.parent / PurePosixPath(PureWindowsPath(named).as_posix()).name
    if not file.is_file():
        return {}
    table = read_object(file, "coqui's speakers") if file.suffix == ".json" else load_torch_file(file)
    return speaker_ids(table, file)


def _front_end(content: dict[str, Any], path: Path, size: int) -> tuple[TextFrontEnd | None, tuple[str, ...]]:
    """TTS/tts/utils/text/tokenizer.py; the order of the symbols is in characters.py and in models/vits.py."""
    phonemes = bool(content.get("use_phonemes", False))
    characters = content.get("characters")
    known = _symbols(characters, phonemes, path) if isinstance(characters, dict) else None
    if known is None or len(known) != size:
        return None, (f"{path} does not tell the network's {size} symbols, so the model reads no text",)
    ids = {symbol: (i,) for i, symbol in enumerate(known)}
    blank = ids.get(characters.get("blank") or _BLANK, (0,)) if content.get("add_blank", True) else ()
    ends = content.get("enable_eos_bos_chars", False)
    start, end = (ids.get(characters.get(mark) or "", ()) if ends else () for mark in ("bos", "eos"))
    maker = content.get("phonemizer") or "espeak"
    cleaner = content.get("text_cleaner") or _NO_CLEANER
    front_end = TextFrontEnd(
        symbols=ids,
        start=(*start, *blank),
        blank=blank,
        end=end,
        cleaners=(
            *(() if cleaner in _KEEPING_CAPITALS else ("basic_cleaners",)),
            *((f"{maker}_phonemes",) if phonemes else ()),
        ),
        language=content.get("phoneme_language") if phonemes else None,
        without_punctuation=True,
    )
    notes = ()
    if phonemes and maker != "espeak":
        notes = (f"the voice's phonemes are made by {maker}, which no cleaner here does",)
    if cleaner not in (_NO_CLEANER, "basic_cleaners"):
        notes = (*notes, f"numbers and abbreviations are not spelled out as by coqui's {cleaner}; write words")
    return front_end, notes


def _symbols(characters: dict[str, Any], phonemes: bool, path: Path) -> list[str] | None:
    """The symbols in the order of their ids, None where the file does not tell it."""
    for name in ("pad", "eos", "bos", "blank", "characters", "punctuations", "phonemes"):
        if not isinstance(characters.get(name), str | None):
            raise TfvcError(f"{path}: characters.{name} of {_WHOSE} must be a text, received {characters[name]!r}")
    kind = str(characters.get("characters_class") or ("IPAPhonemes" if phonemes else "Graphemes")).rpartition(".")[2]
    if kind == "BaseVocabulary":
        listed = characters.get("vocab_dict") or []
        return texts(list(listed) if isinstance(listed, dict) else listed, "characters.vocab_dict", path)
    letters, marks = characters.get("characters") or "", characters.get("punctuations") or ""
    first = [characters[name] for name in ("pad", "eos", "bos", "blank") if characters.get(name)]
    if kind == "VitsCharacters":
        return [*first[:1], *marks, *letters, *(characters.get("phonemes") or ""), _BLANK]
    if kind not in ("IPAPhonemes", "Graphemes", "BaseCharacters"):
        return None
    if kind == "IPAPhonemes":
        letters = characters.get("phonemes") or letters
    if characters.get("is_sorted", True):
        letters = sorted(set(letters) if characters.get("is_unique", False) else letters)
    elif characters.get("is_unique", False):  # the order of a Python set
        return None
    return [*first, *letters, *marks]
