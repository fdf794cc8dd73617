"""The trained voice itself."""

import numpy as np
import pytest

from tfvc.models.vits.layouts.reading import from_onnx_file


@pytest.fixture(scope="module")
def voice(real_data):
    folder = real_data / "vits_joe"
    return from_onnx_file(folder / "en_US-joe-medium.onnx", folder / "en_US-joe-medium.onnx.json")


@pytest.mark.real_data
def test_every_parameter_of_the_trained_voice_has_its_name_and_size(voice):
    state = voice.state
    assert (len(state), sum(array.size for array in state.values())) == (350, 15_650_459)
    parts = {key.split(".")[0] for key in state}
    assert parts == {"enc_p", "dp", "flow", "dec"}
    assert state["enc_p.emb.weight"].shape == (256, 192)
    assert state["flow.flows.6.enc.in_layers.3.weight"].shape == (384, 192, 5)
    assert state["dp.flows.0.logs"].shape == state["dp.flows.0.m"].shape == (2, 1)
    assert not any(key.startswith(("dp.flows.1.", "dp.post_")) for key in state)


@pytest.mark.real_data
def test_the_graph_tells_the_sizes_of_a_medium_voice(voice):
    assert voice.published.model == {
        "n_vocab": 256,
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "n_heads": 2,
        "n_layers": 6,
        "kernel_size": 3,
        "window_size": 4,
        "resblock": "2",
        "resblock_kernel_sizes": [3, 5, 7],
        "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]],
        "upsample_rates": [8, 8, 4],
        "upsample_initial_channel": 256,
        "upsample_kernel_sizes": [16, 16, 8],
        "n_speakers": 0,
        "gin_channels": 0,
        "use_sdp": True,
        "n_flows": 4,
        "flow_layers": 4,
        "wavenet_kernel_size": 5,
    }
    assert voice.published.data["hop_length"] == 256


@pytest.mark.real_data
def test_its_phonemes_become_the_ids_that_it_was_run_with(voice, real_data):
    with np.load(real_data / "vits_joe/cases.npz") as cases:
        for case in range(3):
            ids = voice.published.front_end.encode(str(cases[f"{case}/phonemes"]))
            assert ids == tuple(cases[f"{case}/ids"].tolist())
