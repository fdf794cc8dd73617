"""Checkpoints of VITS in the layouts that others publish, through `import-torch`: the same weights, the same sound."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.cli.export_torch import export_torch
from tfvc.cli.import_torch import import_torch
from tfvc.models.vits import VITS
from tfvc.models.vits.adopt import adopt_torch
from tfvc.testing import assert_equal_in_float64
from tfvc.text import VITS_SYMBOLS
from tfvc.weights import load_state_dict, load_torch_file, read_torch_file, state_dict
from torch_ref import vits

DECODER = {
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 16,
    "resblock": "1",
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 2]],
}
TEXT = {"hidden_channels": 6, "filter_channels": 12, "n_heads": 2, "n_layers": 2, "kernel_size": 3, "p_dropout": 0.1}
DATA = {"sampling_rate": 8000, "filter_length": 32, "hop_length": 8, "win_length": 32, "n_speakers": 3}
CONFIG = {"data": DATA, "model": {**TEXT, **DECODER, "inter_channels": 6, "gin_channels": 5}}


@pytest.fixture(scope="module", params=[True, False], ids=["stochastic", "deterministic"])
def reference(request):
    """Upstream's state dict of a model whose sizes its configuration can say, drawn."""
    torch.manual_seed(3)
    sizes = {"filters": 12, "heads": 2, "layers": 2, "channels": 6, "hidden": 6, "gin": 5, "n_speakers": 3, "bins": 17}
    model = vits.VITS(len(VITS_SYMBOLS), DECODER, **sizes, stochastic=request.param)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model.state_dict(), {**CONFIG, "model": {**CONFIG["model"], "use_sdp": request.param}}


def imported(tmp_path, content, config, name="model.pth"):
    """Through the command, into a preset and out of it again."""
    torch.save(content, tmp_path / name)
    (tmp_path / "config.json").write_text(json.dumps(config))
    import_torch("vits", tmp_path / name, tmp_path / "preset", config=tmp_path / "config.json")
    return VITS.from_preset(tmp_path / "preset")


def assert_same(found, expected):
    assert list(found) == list(expected)
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value.numpy(), err_msg=key)


def test_upstreams_file_with_its_optimizer_and_back_bit_for_bit(reference, tmp_path, capsys):
    state, config = reference
    content = {"model": state, "iteration": 7, "optimizer": {"state": {0: {"step": 3}}}, "learning_rate": 2e-4}
    model = imported(tmp_path, content, config)
    assert "left out: iteration, optimizer, learning_rate" in capsys.readouterr().out
    assert_same(state_dict(model), state)
    export_torch(str(tmp_path / "preset"), tmp_path / "out.pth")
    assert_same(read_torch_file(tmp_path / "out.pth", "model"), state)
    assert model.symbols["symbols"]["'"] == [176]


def coquis(key):
    """Upstream's key as coqui has it."""
    key = re.sub(r"^flow\.flows\.(\d+)", lambda match: f"flow.flows.{int(match[1]) // 2}", key)
    key = re.sub(r"^dp\.(post_)?flows\.(\d+)", lambda m: f"dp.{m[1] or ''}flows.{(int(m[2]) + 1) // 2}", key)
    key = re.sub(r"flows\.0\.m$", "flows.0.translation", key)
    key = re.sub(r"flows\.0\.logs$", "flows.0.log_scale", key)
    key = re.sub(r"^dec\.cond\.", "dec.cond_layer.", key)
    for ours, theirs in {"enc_p": "text_encoder", "enc_q": "posterior_encoder", "dp": "duration_predictor"}.items():
        key = re.sub(rf"^{ours}\.", f"{theirs}.", key)
    key = key.replace("weight_g", "parametrizations.weight.original0")
    return re.sub(r"^dec\.", "waveform_decoder.", key).replace("weight_v", "parametrizations.weight.original1")


def test_coquis_file(reference, tmp_path):
    state, config = reference
    theirs = {coquis(key): value for key, value in state.items()} | {"disc.nets.0.x": torch.ones(2)}
    args = {
        "out_channels": 17,
        "hidden_channels": 6,
        "hidden_channels_ffn_text_encoder": 12,
        "num_layers_text_encoder": 2,
        "use_sdp": config["model"]["use_sdp"],
        "use_speaker_embedding": True,
        "speaker_embedding_channels": 5,
        **{f"{name}_decoder": value for name, value in DECODER.items() if name != "resblock"},
    }
    audio = {"sample_rate": 8000, "fft_size": 32, "win_length": 32, "hop_length": 8}
    told = {"model": "vits", "model_args": args, "audio": audio, "use_phonemes": False}
    assert_same(state_dict(imported(tmp_path, {"model": theirs, "config": told}, told)), state)


@pytest.mark.parametrize("reference", [True], ids=["stochastic"], indirect=True)
def test_a_checkpoint_of_pipers_training(reference, tmp_path):
    """Piper's predictors are stochastic."""
    state, config = reference
    content = {
        "state_dict": {f"model_g.{key}": value for key, value in state.items()} | {"model_d.x": torch.ones(2)},
        "hyper_parameters": {**config["model"], "filter_length": 32, "win_length": 32, "dataset": [Path("/d.jsonl")]},
        "pytorch-lightning_version": "1.9",
    }
    told = {
        "audio": {"sample_rate": 8000},
        "espeak": {"voice": "de"},
        "phoneme_id_map": {"_": [0], "^": [1], "$": [2], "a": [3]},
        "speaker_id_map": {"anna": 0, "ben": 1, "carl": 2},
    }
    model = imported(tmp_path, content, told, "x.ckpt")
    assert_same(state_dict(model), state)
    assert model.speaker_ids == {"anna": 0, "ben": 1, "carl": 2}
    assert (model.symbols["cleaners"], model.symbols["language"]) == (["piper_phonemes"], "de")


@pytest.fixture(scope="module", params=[True, False], ids=["stochastic", "deterministic"])
def theirs(request, tmp_path_factory):
    """`VitsModel` of transformers, drawn, and the folder that it was saved to."""
    make_importable()
    from transformers import VitsConfig, VitsModel

    torch.manual_seed(4)
    config = VitsConfig(
        vocab_size=31,
        hidden_size=8,
        num_hidden_layers=2,
        ffn_dim=12,
        flow_size=6,
        spectrogram_bins=17,
        num_speakers=3,
        speaker_embedding_size=5,
        use_stochastic_duration_prediction=request.param,
        upsample_initial_channel=16,
        upsample_rates=[4, 2],
        upsample_kernel_sizes=[8, 4],
        resblock_kernel_sizes=[3, 5],
        resblock_dilation_sizes=[[1, 3], [1, 2]],
        duration_predictor_filter_channels=7,
        posterior_encoder_num_wavenet_layers=2,
        prior_encoder_num_wavenet_layers=2,
        prior_encoder_num_flows=2,
        sampling_rate=8000,
    )
    model = VitsModel(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    folder = tmp_path_factory.mktemp("hub")
    model.save_pretrained(folder)
    vocabulary = {symbol: i for i, symbol in enumerate("_abcdefghijklmnopqrstuvwxyz .,!")}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "tokenizer_config.json").write_text(json.dumps({"phonemize": False, "normalize": True, "language": "x"}))
    return model, folder


def test_a_repository_of_hugging_face_sounds_the_same(theirs):
    """In float64, without noise; their normalisation of the decoder has been computed, ours is there again."""
    model, folder = theirs
    file, config = folder / "model.safetensors", folder / "config.json"
    content = {key: value.astype(np.float64) for key, value in load_torch_file(file).items()}
    adopted = adopt_torch(content, content, file, config)
    ours = VITS(adopted.config, adopted.mel_spec, **adopted.inputs, dtype="float64")
    load_state_dict(ours, adopted.state)
    model = model.double()
    model.noise_scale = model.noise_scale_duration = 0.0
    ids = np.random.default_rng(0).integers(0, 31, (1, 9))
    with torch.no_grad():
        expected = model(torch.tensor(ids), attention_mask=torch.ones(1, 9), speaker_id=2).waveform.numpy()
    silence = np.zeros((1, expected.shape[1] // 8, 6)), np.zeros((1, 9, 2))
    found = ours.infer(ids, np.array([9]), *silence, np.array([2]), 0.0, 1.0, 0.0)["waveform"][..., 0]
    model.float()
    assert found.shape == expected.shape
    assert_equal_in_float64(found, expected)


def test_it_becomes_a_preset_with_its_tokenizer(theirs, tmp_path):
    folder = theirs[1]
    import_torch("vits", folder / "model.safetensors", tmp_path / "preset", config=folder / "config.json")
    model = VITS.from_preset(tmp_path / "preset")
    assert model.symbols["cleaners"] == ["lowercase"]
    assert model.speaking == {"noise_scale": 0.667, "duration_noise_scale": 0.8, "length_scale": 1.0}
    assert (model.config.n_flows, model.fused, model.speaking_only) == (2, False, False)
