"""What Piper's files say: the JSON beside a voice, the graph of its ONNX, the settings in a checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.models.vits.layouts.published import Published, hop_of, number, section, speaker_ids, taken, texts
from tfvc.text import TextFrontEnd
from tfvc.weights.onnx_reader import OnnxNode

_WHOSE = "a Piper voice's JSON"
# How Piper's code has it where its checkpoint does not say (piper_train/vits/lightning.py).
_TRAINED_WITH = {"filter_length": 1024, "win_length": 1024}
_SPEAKER_SIZE = 512
_CLEANERS = {"espeak": "piper_phonemes", "text": "piper_characters"}


def voice(
    content: dict[str, Any], path: Path, model: dict[str, Any], settings: Mapping[str, Any] | None = None
) -> Published:
    """What the JSON beside a voice says, with the sizes that its weights have.

    Args:
        content: of the JSON.
        path: that file, for messages.
        model: the network's sizes.
        settings: of the training, where they are known.

    Raises:
        TfvcError: naming a field that is missing or not Piper's.
    """
    rate = taken(section(content, "audio", _WHOSE, path), {"sampling_rate": "sample_rate"}, _WHOSE, path)
    _check_belongs(content, path, model, settings or {}, rate["sampling_rate"])
    told = {name: value for name, value in (settings or {}).items() if name in _TRAINED_WITH}
    data = rate | {"hop_length": hop_of(model["upsample_rates"], _WHOSE, path)} | _TRAINED_WITH | told
    names = {"noise_scale": "noise_scale", "noise_scale_w": "noise_w", "length_scale": "length_scale"}
    told = section(content, "inference", _WHOSE, path) if content.get("inference") else {}
    inference = {ours: told[theirs] for ours, theirs in names.items() if theirs in told}
    speakers = speaker_ids(content.get("speaker_id_map") or {}, path)
    front_end, notes = _front_end(content, path)
    return Published(model, data, front_end, speakers, inference, notes)


def _check_belongs(
    content: dict[str, Any], path: Path, model: Mapping[str, Any], settings: Mapping[str, Any], rate: Any
) -> None:
    """Refuses the JSON of another voice, as far as it can be told."""
    has, told = model["n_speakers"], number(content, "num_speakers", model["n_speakers"], _WHOSE, path, kind=int)
    if max(told, 1) != max(has, 1):
        raise TfvcError(f"{path}: num_speakers is {told}, the network has {max(has, 1)}; give the voice's own JSON")
    trained = settings.get("sample_rate", rate)
    if trained != rate:
        raise TfvcError(f"{path}: sample_rate is {rate}, the training's was {trained}; give the voice's own JSON")


def _front_end(content: dict[str, Any], path: Path) -> tuple[TextFrontEnd | None, tuple[str, ...]]:
    """`^ _ ph _ ph _ ... $`: rhasspy/piper-phonemize, `phonemes_to_ids`."""
    table = section(content, "phoneme_id_map", _WHOSE, path)
    symbols = {symbol: tuple(ids) if isinstance(ids, list) else (ids,) for symbol, ids in table.items()}
    pad, start, end = (taken(symbols, {"it": mark}, "phoneme_id_map", path)["it"] for mark in "_^$")
    symbols = _mapped(content, path, symbols, pad)
    kind = content.get("phoneme_type", "espeak")
    if not isinstance(kind, str):
        raise TfvcError(f"{path}: phoneme_type of {_WHOSE} must be a name, received {kind!r}")
    espeak = section(content, "espeak", _WHOSE, path) if content.get("espeak") else {}
    language = espeak.get("voice") if kind == "espeak" else None
    front_end = TextFrontEnd(
        symbols=symbols,
        start=(*start, *pad),
        blank=pad,
        end=end,
        cleaners=(_CLEANERS.get(kind, f"piper_{kind}"),),
        language=language,
    )
    if kind not in _CLEANERS:
        return front_end, (f"the voice reads phonemes of the kind {kind!r}, which no cleaner here makes of a text",)
    return front_end, ()


def _mapped(
    content: dict[str, Any], path: Path, symbols: dict[str, tuple[int, ...]], pad: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    """The symbols, with those that others are spoken for: they have the ids of these, with blanks between.

    One of whose substitutes there is no id is no symbol; a text with it is refused by its name.
    """
    table = section(content, "phoneme_map", _WHOSE, path) if content.get("phoneme_map") else {}
    found = {symbol: ids for symbol, ids in symbols.items() if symbol not in table}
    for symbol, others in table.items():
        others = texts(others, f"{symbol!r} of phoneme_map", path)
        if others and all(other in symbols for other in others):
            found[symbol] = _joined([symbols[other] for other in others], pad)
    return found


def _joined(ids: list[tuple[int, ...]], pad: tuple[int, ...]) -> tuple[int, ...]:
    """The ids of several phonemes, with blanks between them."""
    return tuple(i for index, group in enumerate(ids) for i in ((*pad, *group) if index else group))


_SETTINGS = (
    *("inter_channels", "hidden_channels", "filter_channels", "n_heads", "n_layers", "kernel_size", "p_dropout"),
    *("resblock", "resblock_kernel_sizes", "resblock_dilation_sizes"),
    *("upsample_rates", "upsample_initial_channel", "upsample_kernel_sizes", "gin_channels", "use_sdp"),
)


def trained_sizes(settings: Any, file: Path, symbols: int, speakers: int) -> dict[str, Any]:
    """The sizes of the network in a checkpoint: the settings that Lightning keeps in it.

    Args:
        settings: the checkpoint's `hyper_parameters`.
        file: the checkpoint, for messages.
        symbols, speakers: rows of the network's tables; 0 for no table.

    Raises:
        TfvcError: if there are none, or one is missing.
    """
    if not isinstance(settings, Mapping):
        raise TfvcError(f"{file}: no hyper_parameters in it, which tell the network's sizes")
    sizes = taken(settings, {name: name for name in _SETTINGS}, "Piper's hyper_parameters", file)
    sizes |= {"resblock": str(sizes["resblock"]), "n_vocab": symbols, "n_speakers": speakers}
    # Several speakers without a size get that which Piper's code has for them; one speaker needs none.
    sizes["gin_channels"] = (sizes["gin_channels"] or _SPEAKER_SIZE) if speakers else 0
    return sizes


def sizes(state: Mapping[str, np.ndarray], modules: Mapping[str, OnnxNode], where: str) -> dict[str, Any]:
    """The sizes of the network in a graph: from the shapes of its tensors, strides and dilations of its nodes.

    Args:
        state: under upstream's keys.
        modules: path of a torch module -> its node.
        where: the file, for messages.

    Raises:
        TfvcError: if a tensor that tells one is missing.
    """
    try:
        return _sizes(state, modules)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as missing:
        raise TfvcError(f"{where}: no voice of VITS that Piper exports; {missing} is not there") from None


def _sizes(state: Mapping[str, np.ndarray], modules: Mapping[str, OnnxNode]) -> dict[str, Any]:
    vocabulary, hidden = state["enc_p.emb.weight"].shape
    filters, _, kernel = state["enc_p.encoder.ffn_layers.0.conv_1.weight"].shape
    _, positions, per_head = state["enc_p.encoder.attn_layers.0.emb_rel_k"].shape
    upsampled = [f"dec.ups.{i}" for i in range(_count(state, "dec.ups"))]
    blocks = [f"dec.resblocks.{i}" for i in range(_count(state, "dec.resblocks") // len(upsampled))]
    plain = f"{blocks[0]}.convs1.0.weight" in state
    convs = "convs1" if plain else "convs"
    speakers, gin = state["emb_g.weight"].shape if "emb_g.weight" in state else (0, 0)
    layers = _count(state, "flow.flows.0.enc.in_layers")
    return {
        "n_vocab": vocabulary,
        "inter_channels": state["enc_p.proj.weight"].shape[0] // 2,
        "hidden_channels": hidden,
        "filter_channels": filters,
        "n_heads": hidden // per_head,
        "n_layers": _count(state, "enc_p.encoder.attn_layers"),
        "kernel_size": kernel,
        "window_size": positions // 2,
        "resblock": "1" if plain else "2",
        "resblock_kernel_sizes": [state[f"{block}.{convs}.0.weight"].shape[2] for block in blocks],
        "resblock_dilation_sizes": [
            [_number(modules, f"{block}.{convs}.{i}", "dilations") for i in range(_count(state, f"{block}.{convs}"))]
            for block in blocks
        ],
        "upsample_rates": [_number(modules, up, "strides") for up in upsampled],
        "upsample_initial_channel": state["dec.conv_pre.weight"].shape[0],
        "upsample_kernel_sizes": [state[f"{up}.weight"].shape[2] for up in upsampled],
        "n_speakers": speakers,
        "gin_channels": gin,
        "use_sdp": "dp.flows.0.m" in state,
        "n_flows": len({key.split(".")[2] for key in state if key.startswith("flow.flows.")}),
        "flow_layers": layers,
        "wavenet_kernel_size": state["flow.flows.0.enc.in_layers.0.weight"].shape[2],
    }


def _number(modules: Mapping[str, OnnxNode], path: str, attribute: str) -> int:
    return modules[path].attributes[attribute][0]


def _count(state: Mapping[str, np.ndarray], path: str) -> int:
    """How many modules a list of modules has."""
    depth = path.count(".") + 1
    return len({key.split(".")[depth] for key in state if key.startswith(f"{path}.")})
