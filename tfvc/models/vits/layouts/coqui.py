"""The names of coqui's `Vits` (idiap/coqui-ai-TTS, TTS/tts/models/vits.py)."""

import re

import numpy as np

from tfvc.weights.renaming import Renaming
from tfvc.weights.weight_norm import older_spelling

_AFFINE = {"translation": "m", "log_scale": "logs"}


def _flow_of_durations(match: re.Match) -> str:
    """Flips have no place of their own in the list of flows."""
    post, index, rest = match[1] or "", int(match[2]), match[3]
    return f"dp.{post}flows.{max(2 * index - 1, 0)}.{_AFFINE.get(rest, rest)}"


COQUI = Renaming(
    "coqui's Vits",
    (
        (r"text_encoder\.(.+)", r"enc_p.\1"),
        (r"posterior_encoder\.(.+)", r"enc_q.\1"),
        (r"flow\.flows\.(\d+)\.(.+)", lambda match: f"flow.flows.{2 * int(match[1])}.{match[2]}"),
        (r"duration_predictor\.(post_)?flows\.(\d+)\.(.+)", _flow_of_durations),
        (r"duration_predictor\.(.+)", r"dp.\1"),
        (r"waveform_decoder\.cond_layer\.(.+)", r"dec.cond.\1"),
        (r"waveform_decoder\.(.+)", r"dec.\1"),
        (r"emb_g\.weight", "emb_g.weight"),
    ),
    # The discriminators, and a speaker encoder that served as a loss.
    left_out=(r"disc\..+", r"speaker_encoder\..+", r"speaker_manager\..+", r"audio_transform\..+"),
)


def from_coqui(state: dict[str, np.ndarray], where: str = "state dict") -> dict[str, np.ndarray]:
    """The state dict of a `Vits` under upstream's keys; the discriminators are left out.

    Raises:
        WeightError: naming a tensor that has no counterpart upstream, such as the table of languages.
    """
    return COQUI(older_spelling(state, where), where)
