"""Both MelGANs: waves, every map, the losses of both networks, all gradients, alternating steps."""

import numpy as np
import pytest
import tensorflow as tf
import torch

from parity_tests.test_fit import Losses
from parity_tests.test_models import check_all_inits
from tfvc.cases.melgan import melgan, melgan_entries
from tfvc.cases.melgan_keras_io import melgan_keras_io
from tfvc.models.melgan import MelGAN, MelGANConfig
from tfvc.models.melgan_keras_io import KerasIOMelGAN, KerasIOMelGANConfig
from tfvc.optimizers.adam import Adam
from tfvc.parity.sides.precision import precision
from tfvc.testing import TRAINED_BOUND, assert_equal_in_float64
from torch_ref import melgan as descript
from torch_ref import melgan_keras_io as keras_io
from torch_ref import train_melgan

SIZES = {"n_mels": 5, "channels": 32, "discriminator_channels": 8, "discriminator_max_channels": 32}
# 5 is an odd rate: torch's output padding.
DESCRIPT = MelGANConfig(upsample_rates=(8, 5, 4), **SIZES)
KERAS_IO = KerasIOMelGANConfig(**SIZES)


@pytest.mark.parametrize(
    ("case", "config"), [(melgan, DESCRIPT), (melgan_keras_io, KERAS_IO)], ids=["descript", "keras_io"]
)
def test_a_miniature(case, config):
    """1,401 samples are no multiple of the hop: the generated wave is cut."""
    check_all_inits(case(config, samples=1401, batch=3), steps=3, further_steps=0)


@pytest.mark.parametrize(
    ("kind", "config", "module", "adam", "loop"),
    [
        (MelGAN, DESCRIPT, descript, {}, {}),
        (KerasIOMelGAN, KERAS_IO, keras_io, {"epsilon": 1e-7, "clipnorm": 1.0}, train_melgan.KERAS_IO),
    ],
    ids=["descript", "keras_io"],
)
def test_fit_takes_the_steps_of_the_torch_loop(kind, config, module, adam, loop):
    """Our `train_step` beside the order in which upstream's loop does things, which the cases above spell out."""
    steps = 4
    rng = np.random.default_rng(1)
    mels, waves = rng.normal(size=(steps, 2, 6, 5)), rng.uniform(-0.5, 0.5, (steps, 2, 6 * config.hop - 7, 1))
    torch.manual_seed(0)
    rates = {"upsample_rates": config.upsample_rates}
    reference = module.MelGAN(module.Generator(5, 32, **rates), module.Discriminator(3, 8, max_channels=32)).double()
    with precision("float64"):
        model = kind.fresh(config)
        entries = melgan_entries(model)
        for entry in entries:
            entry.assign(reference.state_dict()[entry.name].numpy())
        model.compile(*(Adam(rate, beta_1=0.5, beta_2=0.9, **adam) for rate in (1e-3, 3e-4)))
        mine = Losses()
        data = tf.data.Dataset.from_tensor_slices({"mel": mels, "waveform": waves})
        model.fit(data, epochs=1, callbacks=[mine], shuffle=False, verbose=0)

    batches = [tuple(torch.tensor(x).transpose(1, 2) for x in batch) for batch in zip(mels, waves, strict=True)]
    rates = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 3e-4}
    theirs = train_melgan.train(reference, batches, **{**loop, **rates})
    assert len(mine.steps) == len(theirs) == steps
    for step, (ours, expected) in enumerate(zip(mine.steps, theirs, strict=True)):
        assert ours == pytest.approx(expected, rel=1e-6), step  # Keras keeps metrics in float32
    state = reference.state_dict()
    for entry in entries:
        assert_equal_in_float64(entry.value(), state[entry.name].numpy(), entry.name, TRAINED_BOUND)
