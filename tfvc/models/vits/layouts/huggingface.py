"""The names of `VitsModel` of transformers (models/vits/modeling_vits.py).

There the decoder's weight normalisation is taken out, that of the wavenets stays, and attention's projections are
linear layers, without the axis of a kernel of size 1.
"""

import re

import numpy as np

from tfvc.weights.renaming import Renaming
from tfvc.weights.weight_norm import older_spelling

_LAYER = r"text_encoder\.encoder\.layers\.(\d+)\."
_ANY = r"(weight|bias|weight_g|weight_v)"
_NORM = {"weight": "gamma", "bias": "beta"}
_SEPARABLE = {"convs_dilated": "convs_sep", "convs_pointwise": "convs_1x1"}
_AFFINE = {"translate": "m", "log_scale": "logs"}
_PROJECTION = re.compile(r"enc_p\.encoder\.attn_layers\.\d+\.conv_[qkvo]\.weight")


def _norm(prefix: str):
    """A layer normalisation, whose weight and bias are upstream's gamma and beta."""
    return lambda match: match.expand(prefix) + _NORM[match[match.lastindex]]


def _flow_of_durations(match: re.Match) -> str:
    """Flips have no place of their own in the list of flows."""
    post, index, rest = match[1] or "", int(match[2]), match[3]
    return f"dp.{post}flows.{max(2 * index - 1, 0)}.{_of_durations(rest)}"


def _of_durations(name: str) -> str:
    """A name within the stochastic predictor, or within one of its flows."""
    if name in _AFFINE:
        return _AFFINE[name]
    post, name = ("post_", name.removeprefix("post_")) if name.startswith("post_") else ("", name)
    first, _, rest = name.partition(".")
    if first == "conv_dds":
        kind, index, last = rest.split(".")
        return f"{post}convs.{_SEPARABLE.get(kind, kind)}.{index}.{_NORM[last] if kind.startswith('norms') else last}"
    return f"{post}{first.removeprefix('conv_')}.{rest}"


_DDS = rf"conv_dds\.(?:convs_dilated|convs_pointwise|norms_1|norms_2)\.\d+\.{_ANY}"
_WITHIN = rf"(?:conv_pre|conv_proj)\.(?:weight|bias)|{_DDS}"

HUGGING_FACE = Renaming(
    "Hugging Face's VitsModel",
    (
        (r"text_encoder\.embed_tokens\.weight", "enc_p.emb.weight"),
        (r"text_encoder\.project\.(weight|bias)", r"enc_p.proj.\1"),
        (_LAYER + r"attention\.(emb_rel_[kv])", r"enc_p.encoder.attn_layers.\1.\2"),
        (_LAYER + r"attention\.([qkv])_proj\.(weight|bias)", r"enc_p.encoder.attn_layers.\1.conv_\2.\3"),
        (_LAYER + r"attention\.out_proj\.(weight|bias)", r"enc_p.encoder.attn_layers.\1.conv_o.\2"),
        (_LAYER + r"feed_forward\.(conv_[12])\.(weight|bias)", r"enc_p.encoder.ffn_layers.\1.\2.\3"),
        (_LAYER + r"layer_norm\.(weight|bias)", _norm(r"enc_p.encoder.norm_layers_1.\1.")),
        (_LAYER + r"final_layer_norm\.(weight|bias)", _norm(r"enc_p.encoder.norm_layers_2.\1.")),
        (
            r"flow\.flows\.(\d+)\.(?:conv_)?(pre|post|wavenet)\.(.+)",
            lambda match: f"flow.flows.{2 * int(match[1])}.{match[2].replace('wavenet', 'enc')}.{match[3]}",
        ),
        (r"posterior_encoder\.conv_(pre|proj)\.(weight|bias)", r"enc_q.\1.\2"),
        (r"posterior_encoder\.wavenet\.(.+)", r"enc_q.enc.\1"),
        (rf"decoder\.upsampler\.(\d+)\.{_ANY}", r"dec.ups.\1.\2"),
        (rf"decoder\.((?:conv_pre|conv_post|cond|resblocks\.\d+\.convs[12]\.\d+)\.{_ANY})", r"dec.\1"),
        (r"duration_predictor\.(cond|conv_1|conv_2|proj)\.(weight|bias)", r"dp.\1.\2"),
        (r"duration_predictor\.(norm_[12])\.(weight|bias)", _norm(r"dp.\1.")),
        (rf"duration_predictor\.(post_)?flows\.(\d+)\.(translate|log_scale|{_WITHIN})", _flow_of_durations),
        (rf"duration_predictor\.((?:post_)?(?:{_WITHIN}))", lambda match: f"dp.{_of_durations(match[1])}"),
        (r"embed_speaker\.weight", "emb_g.weight"),
    ),
    # ylacombe/finetune-hf-vits saves a `VitsModelForPreTraining`, which has its discriminators beside.
    left_out=(r"discriminator\..+",),
)


def from_huggingface(state: dict[str, np.ndarray], where: str = "state dict") -> dict[str, np.ndarray]:
    """The state dict of a `VitsModel` under upstream's keys and in upstream's shapes; discriminators are left out.

    Raises:
        WeightError: naming a tensor that a `VitsModel` has not.
    """
    renamed = HUGGING_FACE(older_spelling(state, where), where)
    return {
        key: value[..., None] if _PROJECTION.fullmatch(key) and value.ndim == 2 else value
        for key, value in renamed.items()
    }
