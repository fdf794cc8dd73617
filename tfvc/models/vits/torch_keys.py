"""VITS: jaywalnut310/vits, `SynthesizerTrn` in models.py; myshell-ai/OpenVoice, likewise."""

from collections.abc import Iterator

import keras

from tfvc.models.hifigan.torch_keys import network_pairs
from tfvc.weights.entry import Entry
from tfvc.weights.layouts import MATRIX
from tfvc.weights.torch_keys import TorchKeys

Pairs = Iterator[tuple[str, keras.layers.Layer] | Entry]


def vits_pairs(model) -> Pairs:
    """Upstream's module paths beside our layers."""
    yield from text_encoder_pairs(model.text_encoder)
    yield from _conversion(model)
    predictor = model.duration_predictor
    yield from stochastic_pairs(predictor) if model.config.use_sdp else deterministic_pairs(predictor)
    if model.config.n_speakers:
        yield "emb_g", model.speakers.table
    elif model.config.project_embedding:
        yield "emb_g", model.speakers.projection


def tone_pairs(model) -> Pairs:
    """OpenVoice's module paths beside our layers."""
    yield from _conversion(model)
    yield from reference_pairs(model.reference_encoder)


def reference_pairs(encoder) -> Pairs:
    for i, conv in enumerate(encoder.convs):
        yield f"ref_enc.convs.{i}", conv
    yield "ref_enc.gru", encoder.gru
    yield "ref_enc.proj", encoder.proj
    yield "ref_enc.layernorm", encoder.layernorm


def text_encoder_pairs(encoder) -> Pairs:
    yield "enc_p.emb", encoder.emb
    for i, layer in enumerate(encoder.layers):
        path, attention = f"enc_p.encoder.attn_layers.{i}", layer.attention
        yield Entry(f"{path}.emb_rel_k", attention.emb_rel_k)
        yield Entry(f"{path}.emb_rel_v", attention.emb_rel_v)
        for name in ("conv_q", "conv_k", "conv_v", "conv_o"):
            yield f"{path}.{name}", getattr(attention, name)
    for i, layer in enumerate(encoder.layers):
        yield from _norm(f"enc_p.encoder.norm_layers_1.{i}", layer.norm_1)
    for i, layer in enumerate(encoder.layers):
        yield f"enc_p.encoder.ffn_layers.{i}.conv_1", layer.ffn.conv_1
        yield f"enc_p.encoder.ffn_layers.{i}.conv_2", layer.ffn.conv_2
    for i, layer in enumerate(encoder.layers):
        yield from _norm(f"enc_p.encoder.norm_layers_2.{i}", layer.norm_2)
    yield "enc_p.proj", encoder.proj


def _conversion(model) -> Pairs:
    yield from decoder_pairs(model.decoder)
    if model.posterior_encoder is not None:
        yield from posterior_pairs(model.posterior_encoder)
    yield from flow_pairs(model.flow)


def decoder_pairs(decoder) -> Pairs:
    for path, layer in network_pairs(decoder):
        yield f"dec.{path}", layer
    if decoder.cond is not None:
        yield "dec.cond", decoder.cond


def posterior_pairs(encoder) -> Pairs:
    yield "enc_q.pre", encoder.pre
    yield from _wavenet("enc_q.enc", encoder.enc)
    yield "enc_q.proj", encoder.proj


def flow_pairs(flow) -> Pairs:
    for i, coupling in enumerate(flow.couplings):
        path = f"flow.flows.{2 * i}"  # at odd places stand flips
        yield f"{path}.pre", coupling.pre
        yield from _wavenet(f"{path}.enc", coupling.enc)
        yield f"{path}.post", coupling.post


def _wavenet(path: str, wavenet) -> Pairs:
    for name in ("in_layers", "res_skip_layers"):
        for i, layer in enumerate(getattr(wavenet, name)):
            yield f"{path}.{name}.{i}", layer
    if wavenet.cond_layer is not None:
        yield f"{path}.cond_layer", wavenet.cond_layer


def stochastic_pairs(predictor) -> Pairs:
    yield from _duration_flow("dp.flows", predictor.flow)
    if predictor.post_flow is not None:
        yield "dp.post_pre", predictor.post_pre
        yield "dp.post_proj", predictor.post_proj
        yield from _dds("dp.post_convs", predictor.post_convs)
        yield from _duration_flow("dp.post_flows", predictor.post_flow)
    yield "dp.pre", predictor.pre
    yield "dp.proj", predictor.proj
    yield from _dds("dp.convs", predictor.convs)
    if predictor.cond is not None:
        yield "dp.cond", predictor.cond


def _duration_flow(path: str, flow) -> Pairs:
    yield Entry(f"{path}.0.m", flow.affine.m, MATRIX)
    yield Entry(f"{path}.0.logs", flow.affine.logs, MATRIX)
    for i, conv_flow in enumerate(flow.conv_flows):
        if conv_flow is None:
            continue
        place = f"{path}.{2 * i + 1}"
        yield f"{place}.pre", conv_flow.pre
        yield from _dds(f"{place}.convs", conv_flow.convs)
        yield f"{place}.proj", conv_flow.proj


def _dds(path: str, convs) -> Pairs:
    for name in ("convs_sep", "convs_1x1"):
        for i, layer in enumerate(getattr(convs, name)):
            yield f"{path}.{name}.{i}", layer
    for name in ("norms_1", "norms_2"):
        for i, layer in enumerate(getattr(convs, name)):
            yield from _norm(f"{path}.{name}.{i}", layer)


def deterministic_pairs(predictor) -> Pairs:
    yield "dp.conv_1", predictor.conv_1
    yield from _norm("dp.norm_1", predictor.norm_1)
    yield "dp.conv_2", predictor.conv_2
    yield from _norm("dp.norm_2", predictor.norm_2)
    yield "dp.proj", predictor.proj
    if predictor.cond is not None:
        yield "dp.cond", predictor.cond


def _norm(path: str, layer) -> Pairs:
    """Upstream's own layer norm calls its parameters as Keras does."""
    yield Entry(f"{path}.gamma", layer.gamma)
    yield Entry(f"{path}.beta", layer.beta)


VITS_KEYS = TorchKeys(vits_pairs, written_under="model", read_from="model")
TONE_KEYS = TorchKeys(tone_pairs, written_under="model", read_from="model")
