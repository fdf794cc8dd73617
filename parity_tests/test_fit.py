"""`AutoVC.fit` beside the smallest training loop in PyTorch: the same losses, step after step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.optimizers.adam import Adam
from tfvc.parity.sides.precision import precision
from tfvc.testing import TRAINED_BOUND, assert_equal_in_float64
from tfvc.weights import load_state_dict, state_dict
from torch_ref.autovc import Generator
from torch_ref.train_autovc import train

CONFIG = AutoVCConfig(neck=3, freq=4, n_mels=8, embedding=6, conv_channels=10, decoder_lstm1=9, decoder_lstm2=11)
STEPS = 8


class Losses(keras.callbacks.Callback):
    """Each step's own losses."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append({name: float(value) for name, value in logs.items()})


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("frames", [20, 23])
def test_fit_takes_the_steps_of_the_torch_loop(clip, frames):
    rng = np.random.default_rng(4)
    mels, embeddings = rng.uniform(0, 1, (STEPS, 3, frames, 8)), rng.normal(size=(STEPS, 3, 6))
    torch.manual_seed(0)
    generator = Generator(3, 4, 8, 6, 10, 9, 11).double()
    with precision("float64"):
        model = AutoVC(CONFIG)
        load_state_dict(model, {key: value.numpy() for key, value in generator.state_dict().items()})
        model.compile(optimizer=Adam(1e-3, clip_grad_norm=clip))
        mine = Losses()
        data = tf.data.Dataset.from_tensor_slices({"mel": mels, "speaker_embedding": embeddings})
        model.fit(data, epochs=1, callbacks=[mine], shuffle=False, verbose=0)

    batches = [(torch.tensor(mel), torch.tensor(embedding)) for mel, embedding in zip(mels, embeddings, strict=True)]
    theirs = train(generator, batches, learning_rate=1e-3, clip_grad_norm=clip)
    assert len(mine.steps) == len(theirs) == STEPS
    assert theirs[-1]["loss"] < theirs[0]["loss"]
    # Keras keeps metrics in float32, whatever the model computes in.
    for step, (ours, reference) in enumerate(zip(mine.steps, theirs, strict=True)):
        for name, value in reference.items():
            assert ours[name] == pytest.approx(value, rel=1e-6), (step, name)
    state = generator.state_dict()
    for key, value in state_dict(model).items():
        if key.endswith("num_batches_tracked"):
            assert value == state[key].item(), key
        elif not key.endswith("conv.bias"):  # before a batch norm its gradient is rounding, which Adam enlarges
            assert_equal_in_float64(value, state[key].numpy(), key, TRAINED_BOUND)
