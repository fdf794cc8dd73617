"""What lies in a repository of Hugging Face with a `VitsModel`: config.json, vocab.json, tokenizer_config.json."""

from pathlib import Path
from typing import Any

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.models.vits.layouts.published import LATIN_LETTERS, Published, hop_of, number, required, taken
from tfvc.text import TextFrontEnd

_WHOSE = "the config.json of a VitsModel"
_MODEL = {
    "inter_channels": "flow_size",
    "hidden_channels": "hidden_size",
    "filter_channels": "ffn_dim",
    "n_heads": "num_attention_heads",
    "n_layers": "num_hidden_layers",
    "kernel_size": "ffn_kernel_size",
    "p_dropout": "hidden_dropout",
    "resblock_kernel_sizes": "resblock_kernel_sizes",
    "resblock_dilation_sizes": "resblock_dilation_sizes",
    "upsample_rates": "upsample_rates",
    "upsample_initial_channel": "upsample_initial_channel",
    "upsample_kernel_sizes": "upsample_kernel_sizes",
    "gin_channels": "speaker_embedding_size",
    "use_sdp": "use_stochastic_duration_prediction",
    "n_vocab": "vocab_size",
    "spec_channels": "spectrogram_bins",
    "window_size": "window_size",
    "n_flows": "prior_encoder_num_flows",
    "flow_layers": "prior_encoder_num_wavenet_layers",
    "posterior_layers": "posterior_encoder_num_wavenet_layers",
    "wavenet_kernel_size": "wavenet_kernel_size",
    "duration_filters": "duration_predictor_filter_channels",
}
# What upstream has in its code.
_FIXED = {
    "hidden_act": "relu",
    "use_bias": True,
    "layer_norm_eps": 1e-5,
    "leaky_relu_slope": 0.1,
    "wavenet_dilation_rate": 1,
    "depth_separable_num_layers": 3,
    "duration_predictor_flow_bins": 10,
    "duration_predictor_tail_bound": 5.0,
    "duration_predictor_kernel_size": 3,
    "duration_predictor_num_flows": 4,
}


def published(content: dict[str, Any], path: Path) -> Published:
    """What the files say.

    Args:
        content: of `config.json`.
        path: that file; the tokenizer's are looked for beside it.

    Raises:
        TfvcError: naming a field that is missing or would make it another network than VITS.
    """
    required(content, _FIXED, _WHOSE, path)
    model = taken(content, _MODEL, _WHOSE, path) | {"resblock": "1"}
    # One speaker has no table, however the file counts.
    speakers = number(content, "num_speakers", 1, _WHOSE, path, kind=int)
    model["n_speakers"] = speakers if speakers > 1 else 0
    samples = 2 * (number(content, "spectrogram_bins", 513, _WHOSE, path, least=2, kind=int) - 1)
    data = {
        "sampling_rate": content.get("sampling_rate", 16000),
        "filter_length": samples,
        "hop_length": hop_of(content["upsample_rates"], _WHOSE, path),
        "win_length": samples,
    }
    inference = {
        "noise_scale": content.get("noise_scale", 0.667),
        "noise_scale_w": content.get("noise_scale_duration", 0.8),
        "length_scale": 1 / number(content, "speaking_rate", 1.0, _WHOSE, path, least=0.01),
    }
    front_end, notes = _front_end(path.parent)
    return Published(model, data, front_end, inference=inference, notes=notes)


def _front_end(folder: Path) -> tuple[TextFrontEnd | None, tuple[str, ...]]:
    """What `VitsTokenizer` makes of a text (transformers, models/vits/tokenization_vits.py)."""
    if not (folder / "vocab.json").is_file():
        return None, (f"{folder / 'vocab.json'} is not there, so the model has no symbol table and reads no text",)
    vocabulary = read_object(folder / "vocab.json", "the symbols of a VitsTokenizer")
    if not vocabulary or not all(isinstance(value, int) for value in vocabulary.values()):
        raise TfvcError(f"{folder / 'vocab.json'}: not symbols with their ids")
    settings = folder / "tokenizer_config.json"
    told = read_object(settings, "the settings of a VitsTokenizer") if settings.is_file() else {}
    normalize, phonemes = told.get("normalize", True), told.get("phonemize", True)
    if phonemes:
        cleaners, language = ("espeak_phonemes",), "en-us"
    else:
        small = normalize and not any(symbol.isupper() for symbol in vocabulary if len(symbol) == 1)
        cleaners, language = ("lowercase",) if small else (), told.get("language")
    blank = (0,) if told.get("add_blank", True) else ()
    front_end = TextFrontEnd(
        symbols={symbol: (i,) for symbol, i in vocabulary.items()},
        start=blank,
        blank=blank,
        cleaners=cleaners,
        language=language,
        without_punctuation=normalize and not phonemes,
    )
    if told.get("is_uroman", False):
        return front_end, (LATIN_LETTERS,)
    return front_end, ()
