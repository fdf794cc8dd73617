"""MelGAN in both shapes: waves, every map, the losses of both networks, all gradients, alternating steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from parity_tests.test_fit import Losses
from tfvc.cases.melgan import melgan, melgan_entries
from tfvc.models.melgan import MelGAN, MelGANConfig
from tfvc.optimizers.adam import Adam
from tfvc.parity import Comparison
from tfvc.parity.sides.precision import precision
from torch_ref import melgan as descript
from torch_ref import melgan_keras_io as keras_io
from torch_ref.train_melgan import KERAS_IO, train

SIZES = {"n_mels": 5, "channels": 32, "discriminator_channels": 8, "discriminator_max_channels": 32}
MINI = {
    # 5 is an odd rate: torch's output padding.
    "descript": MelGANConfig(shape="descript", upsample_rates=(8, 5, 4), **SIZES),
    "keras_io": MelGANConfig(shape="keras_io", **SIZES),
}


@pytest.mark.parametrize("shape", ["descript", "keras_io"])
def test_a_miniature(shape):
    """1,401 samples are no multiple of the hop: the generated wave is cut."""
    comparison = Comparison(melgan(MINI[shape], samples=1401, batch=3))
    for init in ("coded", "constant", "random"):
        comparison.run(init=init, steps=3).raise_on_failure()


@pytest.mark.parametrize("shape", ["descript", "keras_io"])
def test_fit_takes_the_steps_of_the_torch_loop(shape):
    """Our `train_step` beside the order in which upstream's loop does things, which the cases above spell out."""
    config, steps = MINI[shape], 4
    rng = np.random.default_rng(1)
    mels, waves = rng.normal(size=(steps, 2, 6, 5)), rng.uniform(-0.5, 0.5, (steps, 2, 6 * config.hop - 7, 1))
    torch.manual_seed(0)
    module = {"descript": descript, "keras_io": keras_io}[shape]
    rates = {"upsample_rates": config.upsample_rates}
    reference = module.MelGAN(module.Generator(5, 32, **rates), module.Discriminator(3, 8, max_channels=32)).double()
    example = {"epsilon": 1e-7, "clipnorm": 1.0} if shape == "keras_io" else {}
    with precision("float64"):
        model = MelGAN.fresh(config)
        entries = melgan_entries(model)
        for entry in entries:
            entry.variable.assign(entry.to_keras(reference.state_dict()[entry.key].numpy()))
        model.compile(*(Adam(rate, beta_1=0.5, beta_2=0.9, **example) for rate in (1e-3, 3e-4)))
        mine = Losses()
        data = tf.data.Dataset.from_tensor_slices({"mel": mels, "waveform": waves})
        model.fit(data, epochs=1, callbacks=[mine], shuffle=False, verbose=0)

    batches = [tuple(torch.tensor(x).transpose(1, 2) for x in batch) for batch in zip(mels, waves, strict=True)]
    settings = {**(KERAS_IO if shape == "keras_io" else {}), "generator_learning_rate": 1e-3}
    theirs = train(reference, batches, **{**settings, "discriminator_learning_rate": 3e-4})
    assert len(mine.steps) == len(theirs) == steps
    for step, (ours, expected) in enumerate(zip(mine.steps, theirs, strict=True)):
        assert ours == pytest.approx(expected, rel=1e-6), step  # Keras keeps metrics in float32
    state = reference.state_dict()
    for entry in entries:
        found = entry.to_torch(keras.ops.convert_to_numpy(entry.variable))
        np.testing.assert_allclose(found, state[entry.key].numpy(), rtol=1e-8, atol=1e-11, err_msg=entry.key)
