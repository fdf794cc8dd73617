"""Configuration files of upstream and of OpenVoice."""

import dataclasses
import json

import pytest

from tfvc.audio import named_spec
from tfvc.common.errors import TfvcError
from tfvc.models.vits import ToneConverterConfig, VITSConfig
from tfvc.models.vits.upstream import read_config, read_tone_config

VCTK = {
    "train": {"segment_size": 8192},
    "data": {
        "sampling_rate": 22050,
        "filter_length": 1024,
        "hop_length": 256,
        "win_length": 1024,
        "n_mel_channels": 80,
        "add_blank": True,
        "n_speakers": 109,
    },
    "model": {
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "resblock": "1",
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "upsample_rates": [8, 8, 2, 2],
        "upsample_initial_channel": 512,
        "upsample_kernel_sizes": [16, 16, 4, 4],
        "n_layers_q": 3,
        "use_spectral_norm": False,
        "gin_channels": 256,
    },
}


def written(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    return path


def changed(section, **fields):
    return {**VCTK, section: {**VCTK[section], **fields}}


def test_upstreams_config(tmp_path):
    config, spec = read_config(written(tmp_path, VCTK))
    assert (config, spec) == (VITSConfig.from_name("vctk"), named_spec("vits_22k"))
    config, _ = read_config(written(tmp_path, {**changed("data", n_speakers=0), "symbols": list("_abc")}))
    assert config == dataclasses.replace(VITSConfig.from_name("ljs"), n_vocab=4, gin_channels=256)
    assert read_config(written(tmp_path, changed("data", n_speakers=1)))[0].n_speakers == 0
    assert not read_config(written(tmp_path, changed("model", use_sdp=False)))[0].use_sdp
    smaller = {"filter_length": 800, "hop_length": 200, "win_length": 800, "sampling_rate": 16000}
    content = changed("data", **smaller)
    content["model"] = {**VCTK["model"], "upsample_rates": [5, 5, 4, 2], "upsample_kernel_sizes": [11, 11, 8, 4]}
    config, spec = read_config(written(tmp_path, content))
    assert (config.spec_channels, config.hop) == (401, 200)
    assert (spec.n_mels, spec.pad, spec.fmax, spec.sample_rate) == (401, 300, 8000, 16000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {}}, "section 'data' of upstream's config.json is missing"),
        ({**VCTK, "model": {"resblock": "1"}}, "field 'model.inter_channels' .* is missing"),
        ({**VCTK, "data": {"n_speakers": 2}}, "field 'data.sampling_rate' .* is missing"),
        (changed("model", use_transformer_flows=True), "model.use_transformer_flows is True, which upstream's VITS"),
        (changed("model", hidden_channels="many"), "hidden_channels must be a valid integer"),
        (changed("model", n_heads=5), "hidden_channels = 192 cannot be split into n_heads = 5"),
        (changed("data", hop_length=200), "make 256 samples of a frame, hop_length is 200"),
        (changed("data", filter_length=1023), "mel spec: n_fft is 1023"),
        (changed("model", gin_channels=0), "gin_channels = 0, but there are speakers"),
    ],
)
def test_a_config_that_is_none_is_refused_in_a_line(tmp_path, content, message):
    path = written(tmp_path, content)
    with pytest.raises(TfvcError, match=message) as refusal:
        read_config(path)
    assert str(refusal.value).startswith(f"{path}: ")


def test_openvoices_config(tmp_path):
    content = changed("data", n_speakers=0)
    content["model"] = {**VCTK["model"], "zero_g": True}
    config, spec = read_tone_config(written(tmp_path, content))
    assert (config, spec) == (ToneConverterConfig.from_name("openvoice_v2"), named_spec("vits_22k"))
    assert read_tone_config(written(tmp_path, changed("data", n_speakers=0)))[0] == ToneConverterConfig()
    with pytest.raises(TfvcError, match="n_speakers is 109, a converter's is 0"):
        read_tone_config(written(tmp_path, VCTK))
