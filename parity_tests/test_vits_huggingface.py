"""The reference of VITS beside `VitsModel` of transformers, which others wrote: all that speaking takes."""

import re

import pytest
import torch

from parity_tests.foreign.cpu_wheels import make_importable
from torch_ref import vits
from torch_ref.melgan import remove_weight_norm

DECODER = {
    "upsample_rates": (4, 2),
    "upsample_kernel_sizes": (8, 4),
    "upsample_initial_channel": 16,
    "resblock": "1",
    "resblock_kernel_sizes": (3, 5),
    "resblock_dilation_sizes": ((1, 3), (1, 2)),
}
SIZES = {
    "n_vocab": 11,
    "decoder": DECODER,
    "bins": 9,
    "channels": 6,
    "hidden": 8,
    "filters": 12,
    "layers": 2,
    "gin": 5,
    "n_speakers": 3,
    "posterior_layers": 2,
    "flow_layers": 2,
}
RENAMED = [
    (r"enc_p\.emb\.", "text_encoder.embed_tokens."),
    (r"enc_p\.proj", "text_encoder.project"),
    (r"enc_p\.encoder\.attn_layers\.(\d+)\.emb", r"text_encoder.encoder.layers.\1.attention.emb"),
    (r"enc_p\.encoder\.attn_layers\.(\d+)\.conv_(q|k|v)", r"text_encoder.encoder.layers.\1.attention.\2_proj"),
    (r"enc_p\.encoder\.attn_layers\.(\d+)\.conv_o", r"text_encoder.encoder.layers.\1.attention.out_proj"),
    (r"enc_p\.encoder\.norm_layers_1\.(\d+)", r"text_encoder.encoder.layers.\1.layer_norm"),
    (r"enc_p\.encoder\.norm_layers_2\.(\d+)", r"text_encoder.encoder.layers.\1.final_layer_norm"),
    (r"enc_p\.encoder\.ffn_layers\.(\d+)", r"text_encoder.encoder.layers.\1.feed_forward"),
    (r"^dec\.ups", "decoder.upsampler"),
    (r"^dec\.", "decoder."),
    (r"^(flow\.flows\.\d+|enc_q)\.pre", r"\1.conv_pre"),
    (r"^(flow\.flows\.\d+|enc_q)\.enc", r"\1.wavenet"),
    (r"^flow\.(flows\.\d+)\.post", r"flow.\1.conv_post"),
    (r"^enc_q\.proj", "enc_q.conv_proj"),
    (r"^enc_q", "posterior_encoder"),
    (r"^(dp\..*)post_(pre|proj)", r"\1post_conv_\2"),
    (r"^(dp\..*)\bconvs\.", r"\1conv_dds."),
    (r"^(dp\..*)post_convs\.", r"\1post_conv_dds."),
    (r"^(dp\.(?:.*\.)?)(pre|proj)\.", r"\1conv_\2."),
    (r"convs_sep", "convs_dilated"),
    (r"convs_1x1", "convs_pointwise"),
    (r"\.m$", ".translate"),
    (r"\.logs$", ".log_scale"),
    (r"^dp", "duration_predictor"),
    (r"gamma$", "weight"),
    (r"beta$", "bias"),
    (r"emb_g", "embed_speaker"),
    (r"weight_g$", "parametrizations.weight.original0"),
    (r"weight_v$", "parametrizations.weight.original1"),
]


def renamed(key: str, stochastic: bool) -> str:
    """Upstream's key as transformers has it: its flips have no index, its deterministic predictor other names."""
    key = re.sub(r"^flow\.flows\.(\d+)", lambda match: f"flow.flows.{int(match[1]) // 2}", key)
    key = re.sub(r"^dp\.(post_)?flows\.(\d+)", lambda m: f"dp.{m[1] or ''}flows.{(int(m[2]) + 1) // 2}", key)
    if re.match(r"dp\.(proj|conv|norm)_?[12]?\.|dp\.cond", key) and not stochastic:
        return key.replace("dp", "duration_predictor", 1).replace("gamma", "weight").replace("beta", "bias")
    for pattern, replacement in RENAMED:
        key = re.sub(pattern, replacement, key)
    return key


def theirs(model: vits.VITS, stochastic: bool):
    """`VitsModel` with the weights of ours."""
    make_importable()
    from transformers import VitsConfig, VitsModel

    config = VitsConfig(
        vocab_size=11,
        hidden_size=8,
        num_hidden_layers=2,
        ffn_dim=12,
        flow_size=6,
        spectrogram_bins=9,
        num_speakers=3,
        speaker_embedding_size=5,
        use_stochastic_duration_prediction=stochastic,
        upsample_initial_channel=16,
        upsample_rates=[4, 2],
        upsample_kernel_sizes=[8, 4],
        resblock_kernel_sizes=[3, 5],
        resblock_dilation_sizes=[[1, 3], [1, 2]],
        duration_predictor_filter_channels=7,
        posterior_encoder_num_wavenet_layers=2,
        prior_encoder_num_wavenet_layers=2,
    )
    other = VitsModel(config).double().eval()
    remove_weight_norm(model.dec)  # as published
    state = {renamed(key, stochastic): value for key, value in model.state_dict().items()}
    wanted = other.state_dict()
    state = {key: value.reshape(wanted[key].shape) if key in wanted else value for key, value in state.items()}
    other.load_state_dict(state)
    return other


def drawn(stochastic: bool) -> vits.VITS:
    model = vits.VITS(**SIZES, stochastic=stochastic, duration_filters=7).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture(params=[True, False], ids=["stochastic", "deterministic"])
def pair(request):
    torch.manual_seed(0)
    model = drawn(request.param)
    return model, theirs(model, request.param), request.param


@torch.no_grad()
def test_the_parts_of_speaking(pair):
    model, other, stochastic = pair
    ids, lengths = torch.randint(0, 11, (2, 7)), torch.tensor([7, 5])
    x, m, logs, mask = model.enc_p(ids, lengths)
    found = other.text_encoder(ids, mask.transpose(1, 2), attention_mask=mask[:, 0])
    for mine, its in zip((x.transpose(1, 2), m, logs), found.to_tuple()[:3], strict=True):
        its = its if its.shape == mine.shape else its.transpose(1, 2)
        torch.testing.assert_close(mine, its)
    g = model.speaker(torch.tensor([2, 0]))
    torch.testing.assert_close(g[..., 0], other.embed_speaker(torch.tensor([2, 0])))
    if stochastic:
        torch.manual_seed(1)
        theirs = other.duration_predictor(x, mask, g, reverse=True, noise_scale=0.8)
        torch.manual_seed(1)
        mine = model.dp(x, mask, torch.randn(2, 2, 7).double() * 0.8, g)
    else:
        theirs, mine = other.duration_predictor(x, mask, g), model.dp(x, mask, g)
    torch.testing.assert_close(mine * mask, theirs * mask)

    z, y_mask = torch.randn(2, 6, 13, dtype=x.dtype), vits.sequence_mask(torch.tensor([13, 8]), 13, x.dtype)
    torch.testing.assert_close(model.flow(z, y_mask, g), other.flow(z, y_mask, g))
    torch.testing.assert_close(model.flow(z, y_mask, g, reverse=True), other.flow(z, y_mask, g, reverse=True))
    torch.testing.assert_close(model.dec(z, g), other.decoder(z, g))


@torch.no_grad()
def test_a_whole_sentence(pair):
    model, other, stochastic = pair
    ids = torch.randint(0, 11, (1, 9))
    other.noise_scale, other.noise_scale_duration, other.speaking_rate = 0.6, 0.5, 0.5
    torch.manual_seed(2)
    theirs = other(ids, attention_mask=torch.ones_like(ids), speaker_id=1)
    torch.manual_seed(2)
    duration_noise = torch.randn(1, 2, 9).double() if stochastic else torch.zeros(1)
    frames = theirs.sequence_lengths[0] // 8
    # As theirs is laid out in memory, on which the draw depends.
    noise = torch.randn_like(torch.empty(1, frames, 6, dtype=torch.double).transpose(1, 2))
    mine = model.infer(
        ids,
        torch.tensor([9]),
        noise,
        duration_noise,
        torch.tensor([1]),
        0.6,
        length_scale=2.0,
        duration_noise_scale=0.5,
    )
    assert mine["frames"] == frames
    torch.testing.assert_close(mine["wave"][:, 0], theirs.waveform)
