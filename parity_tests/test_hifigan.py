"""HiFi-GAN's generator in its three published sizes, and on weights that somebody trained."""

import numpy as np
import pytest

from tfvc.audio import MelSpec, read
from tfvc.cli.import_torch import import_torch
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANGenerator
from tfvc.parity import Comparison
from tfvc.parity.cases.hifigan import hifigan_generator
from tfvc.vocoders import NeuralVocoder, speak
from tfvc.weights import read_torch_file, state_dict

MINI = {
    "1": HiFiGANConfig(
        n_mels=6,
        upsample_rates=(5, 4),
        upsample_kernel_sizes=(11, 8),
        upsample_initial_channel=24,
        resblock_kernel_sizes=(3, 7),
        resblock_dilation_sizes=((1, 3), (1, 2)),
    ),
    "2": HiFiGANConfig(
        n_mels=6,
        upsample_rates=(4, 3),
        upsample_kernel_sizes=(4, 7),
        upsample_initial_channel=20,
        resblock="2",
        resblock_kernel_sizes=(3, 5),
        resblock_dilation_sizes=((1, 2), (2, 6)),
    ),
}


@pytest.mark.parametrize("resblock", ["1", "2"])
def test_a_miniature(resblock):
    comparison = Comparison(hifigan_generator(MINI[resblock], frames=13, batch=3))
    for init in ("coded", "constant", "random"):
        comparison.run(init=init, steps=3).raise_on_failure()


@pytest.fixture(scope="module")
def trained(real_data, tmp_path_factory):
    """The preset of the trained V3, and its state dict as it came."""
    folder, out = real_data / "hifigan_v3", tmp_path_factory.mktemp("trained") / "v3"
    import_torch("hifigan", folder / "generator_v3.pt", out, config=folder / "config.json")
    return HiFiGANGenerator.from_preset(out), read_torch_file(folder / "generator_v3.pt")


@pytest.mark.real_data
def test_a_trained_checkpoint_comes_in_and_goes_out(trained):
    model, state = trained
    assert model.mel_spec == MelSpec.named("hifigan_22k")
    assert model.config == HiFiGANConfig.from_name("v3")
    again = state_dict(model)
    assert again.keys() == state.keys()
    assert all(again[key].tobytes() == state[key].tobytes() for key in state)


@pytest.mark.slow
@pytest.mark.real_data
def test_a_trained_checkpoint_speaks_as_in_torch(trained, real_data):
    """The same wave within float32 noise, and the mel of what it was given within 0.34 on average."""
    import torch

    from torch_ref.hifigan import CONFIGS, Generator

    model, state = trained
    reference = Generator(**CONFIGS["v3"])
    reference.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    spec, vocoder, distances = model.mel_spec, NeuralVocoder(model), []
    clips = sorted((real_data / "ljspeech16" / "LJ").glob("*.wav"))
    assert len(clips) == 16
    for clip in clips:
        wave, _ = read(clip, spec.sample_rate)
        mel = spec.extract(wave)
        spoken = vocoder.vocode(mel)
        with torch.no_grad():
            given = torch.from_numpy(mel.T[None].copy())
            theirs = reference.float()(given)[0, 0].numpy()
            exact = reference.double()(given.double())[0, 0].numpy()
        noise = np.linalg.norm(theirs - exact)
        assert np.linalg.norm(spoken - theirs) < 4 * noise
        assert np.linalg.norm(spoken - exact) < 4 * noise
        distances.append(np.abs(spec.extract(speak(vocoder, mel, len(wave))) - mel).mean())
    print(f"mean ln-mel error of {len(clips)} clips: {np.mean(distances):.4f}")
    assert np.mean(distances) < 0.34
