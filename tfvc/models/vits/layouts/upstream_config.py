"""Upstream's `config.json` (jaywalnut310/vits, configs/), and those of its forks that list symbols and speakers."""

from pathlib import Path
from typing import Any

from tfvc.models.vits.layouts.published import Published, section, speaker_ids, symbol_list, taken, texts
from tfvc.text import VITS_SYMBOLS

_WHOSE = "upstream's config.json"
_MODEL = (
    *("inter_channels", "hidden_channels", "filter_channels", "n_heads", "n_layers", "kernel_size", "p_dropout"),
    *("resblock", "resblock_kernel_sizes", "resblock_dilation_sizes"),
    *("upsample_rates", "upsample_initial_channel", "upsample_kernel_sizes"),
)
_DATA = ("sampling_rate", "filter_length", "hop_length", "win_length")


def published(content: dict[str, Any], path: Path, symbols: int) -> Published:
    """What the file says.

    Args:
        content: of the file.
        path: the file, for messages.
        symbols: rows of the network's symbol table; upstream's code, not its file, says what they are.

    Raises:
        TfvcError: naming a field that is missing, or not what upstream would have there.
    """
    model, data = section(content, "model", _WHOSE, path), section(content, "data", _WHOSE, path)
    sizes = taken(model, {name: name for name in _MODEL}, _WHOSE, path)
    sizes |= {
        "resblock": str(model["resblock"]),  # written with and without quotes
        "gin_channels": model.get("gin_channels", 0),
        "use_sdp": model.get("use_sdp", True),
        "n_speakers": data.get("n_speakers", 0),
        "n_vocab": symbols,
    }
    known = texts(content["symbols"], "symbols", path) if content.get("symbols") else list(VITS_SYMBOLS)
    front_end = None
    if len(known) == symbols:
        cleaners = tuple(texts(data.get("text_cleaners", []), "text_cleaners", path))
        front_end = symbol_list(known, symbols, add_blank=data.get("add_blank", True), cleaners=cleaners)
    speakers = speaker_ids(content["speakers"], path) if content.get("speakers") else {}
    return Published(sizes, taken(data, {name: name for name in _DATA}, _WHOSE, path), front_end, speakers)
