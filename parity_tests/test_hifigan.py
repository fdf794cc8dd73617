"""HiFi-GAN in miniature, all of it, and its generator on weights that somebody trained."""

import numpy as np
import pytest
import tensorflow as tf
import torch

from parity_tests.test_fit import Losses
from tfvc.audio import MelSpec, read
from tfvc.cases.hifigan import hifigan, hifigan_entries, hifigan_generator
from tfvc.cli.import_torch import import_torch
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANDiscriminator, HiFiGANDiscriminatorConfig, HiFiGANGenerator
from tfvc.optimizers.adam import AdamW, ExponentialByEpoch
from tfvc.parity import Comparison
from tfvc.parity.sides.precision import precision
from tfvc.testing import TRAINED_BOUND, assert_equal_in_float64
from tfvc.voices.vocoders import NeuralVocoder, speak
from tfvc.weights import read_torch_file, state_dict
from torch_ref.hifigan import CONFIGS, Generator, MultiPeriodDiscriminator, MultiScaleDiscriminator
from torch_ref.train_hifigan import train

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


JUDGES = HiFiGANDiscriminatorConfig(
    periods=(2, 3), period_widths=(4, 6, 5), scales=2, scale_widths=(8, 16, 32, 16, 16, 16, 8)
)
MELS = MelSpec(sample_rate=16000, n_fft=128, win=128, hop=12, n_mels=6, fmin=0, fmax=4000, pad=58, power_epsilon=1e-9)


def test_fit_takes_the_steps_of_the_torch_loop():
    """Our `train_step` and schedule beside upstream's loop, which `torch_ref.train_hifigan` spells out."""
    epochs, steps, samples = 2, 3, 257
    rng = np.random.default_rng(1)
    mels, waves = rng.normal(-5, 2, (steps, 2, 22, 6)), rng.uniform(-0.5, 0.5, (steps, 2, samples, 1))
    case = hifigan(MINI["2"], JUDGES, MELS)
    torch.manual_seed(0)
    reference = case.torch_module().double()
    with precision("float64"):
        model = case.keras_model()
        for entry in hifigan_entries(model):
            entry.assign(reference.state_dict()[entry.name].numpy())
        rates = (ExponentialByEpoch(1e-3, steps, 0.5) for _ in range(2))
        model.compile(*(AdamW(rate, beta_1=0.8, beta_2=0.99) for rate in rates))
        mine = Losses()
        data = tf.data.Dataset.from_tensor_slices((mels, waves)).repeat(epochs)
        model.fit(data, epochs=1, callbacks=[mine], shuffle=False, verbose=0)

    batches = [tuple(torch.tensor(x).transpose(1, 2) for x in batch) for batch in zip(mels, waves, strict=True)]
    theirs = train(reference, batches, epochs=epochs, learning_rate=1e-3, decay=0.5)
    assert len(mine.steps) == len(theirs) == epochs * steps
    for step, (ours, expected) in enumerate(zip(mine.steps, theirs, strict=True)):
        assert ours == pytest.approx(expected, rel=1e-6), step  # Keras keeps metrics in float32
    state = reference.state_dict()
    for entry in hifigan_entries(model):
        assert_equal_in_float64(entry.value(), state[entry.name].numpy(), entry.name, TRAINED_BOUND)


def test_each_layer_of_the_discriminators_has_the_parameters_of_its_torch_layer():
    with torch.device("meta"):
        theirs = torch.nn.ModuleDict({"mpd": MultiPeriodDiscriminator(), "msd": MultiScaleDiscriminator()})
    model = HiFiGANDiscriminator.from_name("published")
    layers = list(model.torch_keys.pairs(model))
    assert len(layers) == 5 * 6 + 3 * 8
    for path, layer in layers:
        module = theirs.get_submodule(path)
        assert layer.count_params() == sum(x.numel() for x in module.state_dict().values()), path
        assert sum(int(np.prod(v.shape)) for v in layer.trainable_variables) == sum(
            p.numel() for p in module.parameters()
        )


@pytest.fixture(scope="module")
def trained(real_data, tmp_path_factory):
    """The preset of the trained V3, and its state dict as it came."""
    folder, out = real_data / "hifigan_v3", tmp_path_factory.mktemp("trained") / "v3"
    import_torch("hifigan", folder / "generator_v3.pt", out, config=folder / "config.json")
    return HiFiGANGenerator.from_preset(out), read_torch_file(folder / "generator_v3.pt", "generator")


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
