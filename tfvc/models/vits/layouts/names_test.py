"""Keys of others -> upstream's. `parity_tests/test_vits_files.py` does it for whole networks."""

import numpy as np
import pytest

from tfvc.models.vits.layouts.coqui import from_coqui
from tfvc.models.vits.layouts.huggingface import from_huggingface
from tfvc.models.vits.layouts.piper import LIGHTNING
from tfvc.models.vits.layouts.reading import read_state_dict
from tfvc.weights import WeightError

HUGGING_FACE = {
    "text_encoder.embed_tokens.weight": "enc_p.emb.weight",
    "text_encoder.project.bias": "enc_p.proj.bias",
    "text_encoder.encoder.layers.3.attention.k_proj.bias": "enc_p.encoder.attn_layers.3.conv_k.bias",
    "text_encoder.encoder.layers.3.attention.out_proj.weight": "enc_p.encoder.attn_layers.3.conv_o.weight",
    "text_encoder.encoder.layers.3.attention.emb_rel_v": "enc_p.encoder.attn_layers.3.emb_rel_v",
    "text_encoder.encoder.layers.3.layer_norm.weight": "enc_p.encoder.norm_layers_1.3.gamma",
    "text_encoder.encoder.layers.3.final_layer_norm.bias": "enc_p.encoder.norm_layers_2.3.beta",
    "text_encoder.encoder.layers.3.feed_forward.conv_2.weight": "enc_p.encoder.ffn_layers.3.conv_2.weight",
    "flow.flows.2.conv_pre.weight": "flow.flows.4.pre.weight",
    "flow.flows.2.conv_post.bias": "flow.flows.4.post.bias",
    "flow.flows.3.wavenet.in_layers.1.weight_g": "flow.flows.6.enc.in_layers.1.weight_g",
    "flow.flows.0.wavenet.cond_layer.parametrizations.weight.original1": "flow.flows.0.enc.cond_layer.weight_v",
    "posterior_encoder.conv_proj.weight": "enc_q.proj.weight",
    "posterior_encoder.wavenet.res_skip_layers.15.bias": "enc_q.enc.res_skip_layers.15.bias",
    "decoder.upsampler.2.weight": "dec.ups.2.weight",
    "decoder.upsampler.2.weight_g": "dec.ups.2.weight_g",
    "decoder.resblocks.11.convs2.0.bias": "dec.resblocks.11.convs2.0.bias",
    "decoder.conv_post.weight": "dec.conv_post.weight",
    "decoder.cond.bias": "dec.cond.bias",
    "duration_predictor.conv_pre.weight": "dp.pre.weight",
    "duration_predictor.conv_proj.bias": "dp.proj.bias",
    "duration_predictor.cond.weight": "dp.cond.weight",
    "duration_predictor.conv_dds.convs_dilated.2.weight": "dp.convs.convs_sep.2.weight",
    "duration_predictor.conv_dds.convs_pointwise.2.bias": "dp.convs.convs_1x1.2.bias",
    "duration_predictor.conv_dds.norms_2.0.weight": "dp.convs.norms_2.0.gamma",
    "duration_predictor.flows.0.log_scale": "dp.flows.0.logs",
    "duration_predictor.flows.1.conv_proj.weight": "dp.flows.1.proj.weight",
    "duration_predictor.flows.4.conv_dds.norms_1.1.bias": "dp.flows.7.convs.norms_1.1.beta",
    "duration_predictor.post_flows.0.translate": "dp.post_flows.0.m",
    "duration_predictor.post_flows.3.conv_pre.bias": "dp.post_flows.5.pre.bias",
    "duration_predictor.post_conv_pre.weight": "dp.post_pre.weight",
    "duration_predictor.post_conv_dds.convs_dilated.0.bias": "dp.post_convs.convs_sep.0.bias",
    "duration_predictor.conv_1.weight": "dp.conv_1.weight",
    "duration_predictor.norm_2.weight": "dp.norm_2.gamma",
    "duration_predictor.proj.bias": "dp.proj.bias",
    "embed_speaker.weight": "emb_g.weight",
}
COQUI = {
    "text_encoder.emb.weight": "enc_p.emb.weight",
    "text_encoder.encoder.attn_layers.0.conv_q.weight": "enc_p.encoder.attn_layers.0.conv_q.weight",
    "posterior_encoder.enc.in_layers.0.parametrizations.weight.original0": "enc_q.enc.in_layers.0.weight_g",
    "flow.flows.3.pre.weight": "flow.flows.6.pre.weight",
    "duration_predictor.flows.0.translation": "dp.flows.0.m",
    "duration_predictor.flows.0.log_scale": "dp.flows.0.logs",
    "duration_predictor.flows.4.convs.convs_sep.0.bias": "dp.flows.7.convs.convs_sep.0.bias",
    "duration_predictor.post_flows.2.proj.weight": "dp.post_flows.3.proj.weight",
    "duration_predictor.post_pre.weight": "dp.post_pre.weight",
    "duration_predictor.conv_1.weight": "dp.conv_1.weight",
    "waveform_decoder.cond_layer.bias": "dec.cond.bias",
    "waveform_decoder.resblocks.0.convs1.2.weight_v": "dec.resblocks.0.convs1.2.weight_v",
    "emb_g.weight": "emb_g.weight",
}


@pytest.mark.parametrize(("names", "convert"), [(HUGGING_FACE, from_huggingface), (COQUI, from_coqui)])
def test_names(names, convert):
    for theirs, ours in names.items():
        assert list(convert({theirs: np.ones((2, 3))})) == [ours]


def test_projections_of_attention_get_the_axis_of_a_kernel():
    weight = np.arange(6.0).reshape(2, 3)
    (found,) = from_huggingface({"text_encoder.encoder.layers.0.attention.q_proj.weight": weight}).values()
    np.testing.assert_array_equal(found, weight[..., None])
    (bias,) = from_huggingface({"text_encoder.encoder.layers.0.attention.q_proj.bias": weight[0]}).values()
    assert bias.shape == (3,)


@pytest.mark.parametrize(
    ("key", "convert"),
    [
        ("text_encoder.encoder.layers.0.attention.q_proj.scale", from_huggingface),
        ("decoder.resblocks.0.convs.0.weight", from_huggingface),
        ("duration_predictor.conv_dds.convs_dilated.0.gamma", from_huggingface),
        ("lm_head.weight", from_huggingface),
        ("emb_l.weight", from_coqui),
        ("enc_p.emb.weight", from_coqui),
    ],
)
def test_a_tensor_that_the_layout_has_not_is_told(key, convert):
    with pytest.raises(WeightError, match=rf"f\.pt: {key} is in the layout of"):
        convert({key: np.ones((1, 1))}, "f.pt")


def test_what_only_training_needs_is_left_out():
    one = np.ones(1)
    assert from_coqui({"disc.nets.0.convs.0.weight": one, "emb_g.weight": one}) == {"emb_g.weight": one}
    finetuned = {"discriminator.discriminators.0.convs.0.weight_g": one, "embed_speaker.weight": one}
    assert from_huggingface(finetuned) == {"emb_g.weight": one}
    assert LIGHTNING({"model_d.x": one, "model_g.dec.conv_pre.bias": one}) == {"dec.conv_pre.bias": one}
    with pytest.raises(WeightError, match="other is in the layout of Piper's training"):
        LIGHTNING({"other": one})


def test_a_layout_is_told_by_its_table_of_symbols(tmp_path):
    for key, layout in {
        "enc_p.emb.weight": "upstream",
        "text_encoder.embed_tokens.weight": "Hugging Face",
        "text_encoder.emb.weight": "coqui",
        "model_g.enc_p.emb.weight": "Piper",
    }.items():
        found, state = read_state_dict({key: np.ones((2, 3))}, tmp_path)
        assert (found, list(state)) == (layout, ["enc_p.emb.weight"])
    with pytest.raises(WeightError, match=r"f\.pt: no VITS; its table of symbols would be one of enc_p\.emb\.weight"):
        read_state_dict({"conv_pre.weight": np.ones(1)}, "f.pt")
