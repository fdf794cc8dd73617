import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import extract_mel, named_spec
from tfvc.common.errors import TfvcError
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANGenerator
from tfvc.models.hifigan.upstream import read_generator_config
from tfvc.testing import assert_equal_in_float64, assert_equal_within_noise
from tfvc.voices.vocoders import NeuralVocoder

UPSTREAM = {
    "resblock": "1",
    "num_gpus": 0,
    "upsample_rates": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 128,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    "num_mels": 80,
    "n_fft": 1024,
    "hop_size": 256,
    "win_size": 1024,
    "sampling_rate": 22050,
    "fmin": 0,
    "fmax": 8000,
    "fmax_for_loss": None,
}


def written(tmp_path, **changes):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({k: v for k, v in (UPSTREAM | changes).items() if v != "absent"}))
    return path


def parameters(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.mark.parametrize(("name", "fused"), [("v1", 13_926_017), ("v2", 925_985), ("v3", 1_462_273)])
def test_parameters_are_those_of_the_published_models(name, fused):
    assert parameters(HiFiGANGenerator.from_name(name).fuse()) == fused


@pytest.mark.parametrize("name", ["v2", "v3"])
def test_a_sample_depends_on_no_frame_beyond_reach(name):
    model = HiFiGANGenerator.from_name(name, dtype="float64")
    frames = 2 * model.reach + 5
    mel = np.random.default_rng(0).normal(size=(1, frames, 80))
    centre = slice((model.reach + 2) * model.hop, (model.reach + 3) * model.hop)
    plain, moved = model(mel)[0, centre].numpy(), []
    for frame in range(frames):
        other = mel.copy()
        other[0, frame] += 1
        moved.append(not np.array_equal(model(other)[0, centre], plain))
    assert not moved[0]
    assert not moved[1]
    assert not moved[-1]
    assert not moved[-2]
    assert sum(moved) >= 2 * model.reach - 3


def test_pieces_are_what_one_pass_gives():
    model = HiFiGANGenerator.from_name("v2")
    mel = np.random.default_rng(1).normal(-5, 2, (70, 80)).astype(np.float32)
    whole = model(mel[None])[0, :, 0].numpy()
    assert np.abs(whole).max() > 1e-3
    double = HiFiGANGenerator.from_name("v2", dtype="float64")
    double.set_weights(model.get_weights())
    exact = double(mel[None].astype(np.float64))[0, :, 0]
    # A context that is a little short makes less than float32's rounding, with weights as drawn.
    assert_equal_in_float64(np.concatenate(list(NeuralVocoder(double, chunk_frames=16).pieces(mel))), exact)
    assert_equal_within_noise(NeuralVocoder(model, chunk_frames=16).vocode(mel), exact, whole)


def test_upstreams_configuration(tmp_path):
    config, spec = read_generator_config(written(tmp_path))
    assert config == HiFiGANConfig.from_name("v2")
    assert spec == named_spec("hifigan_22k")
    assert read_generator_config(written(tmp_path, resblock=1))[0] == config


@pytest.mark.parametrize(("hop", "rates", "kernels"), [(160, [8, 5, 4], [16, 11, 8]), (200, [8, 5, 5], [16, 11, 11])])
def test_sixteen_kilohertz(tmp_path, hop, rates, kernels):
    changes = {"sampling_rate": 16000, "hop_size": hop, "upsample_rates": rates, "upsample_kernel_sizes": kernels}
    config, spec = read_generator_config(written(tmp_path, **changes, win_size=800, n_fft=1024, fmax=None))
    assert (config.hop, spec.hop, spec.sample_rate, spec.fmax, spec.pad) == (hop, hop, 16000, 8000, (1024 - hop) // 2)
    model = HiFiGANGenerator(config, spec)
    wave = tf.random.stateless_normal([spec.sample_rate], [1, 2]).numpy() * 0.1
    mel = extract_mel(wave, spec)
    assert NeuralVocoder(model).vocode(mel).shape == (len(mel) * hop,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"upsample_rates": [8, 8, 4, 2]}, "make 512 samples of a frame, hop_size is 256; change one"),
        ({"upsample_kernel_sizes": [16, 15, 4, 4]}, "an upsampling by 8 with a kernel of 15: .* even number; take 16"),
        (
            {"upsample_rates": [8, 5, 4], "upsample_kernel_sizes": [16, 10, 8], "hop_size": 160},
            r"config\.json: upsample_kernel_sizes: an upsampling by 5 with a kernel of 10: .* even number; take 11",
        ),
        ({"upsample_kernel_sizes": [16, 16, 4]}, "4 upsample_rates need as many upsample_kernel_sizes, received 3"),
        ({"resblock": "3"}, "resblock must be '1' or '2', received '3'"),
        ({"resblock_dilation_sizes": [[1, 3, 5]]}, "3 resblock_kernel_sizes need as many"),
        ({"resblock_kernel_sizes": [3, 7, 10]}, "must be odd"),
        ({"upsample_initial_channel": 100}, "cannot be halved 4 times; take a multiple of 16"),
        ({"upsample_rates": "8822"}, "upsample_rates must be a valid tuple"),
        ({"num_mels": "absent"}, "the field 'num_mels' .* is missing"),
        ({"sampling_rate": -1}, "sample_rate"),
        ({"n_fft": "1024"}, "config.json"),
    ],
)
def test_an_impossible_configuration_is_one_line(tmp_path, changes, words):
    with pytest.raises(TfvcError, match=words) as refusal:
        read_generator_config(written(tmp_path, **changes))
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_configuration(tmp_path):
    path = tmp_path / "config.json"
    for content in ("[1, 2]", "{", ""):
        path.write_text(content)
        with pytest.raises(TfvcError, match=r"config\.json"):
            read_generator_config(path)
    with pytest.raises(TfvcError, match=r"absent\.json: missing"):
        read_generator_config(tmp_path / "absent.json")


def test_a_preset_brings_the_generator_back(tmp_path):
    config = dataclasses.replace(HiFiGANConfig.from_name("v3"), upsample_initial_channel=32)
    model = HiFiGANGenerator(config, named_spec("hifigan_22k"))
    model.save_to_preset(tmp_path / "preset")
    again = HiFiGANGenerator.from_preset(tmp_path / "preset")
    mel = np.zeros((1, 6, 80), np.float32)
    assert again.config == config
    np.testing.assert_array_equal(model(mel), again(mel))
