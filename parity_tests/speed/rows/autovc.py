"""AutoVC of the published size: a training step, and a conversion."""

import tensorflow as tf
import torch

from parity_tests.speed import stock
from parity_tests.speed.row import Row
from parity_tests.speed.works import draw, keras_work, torch_work
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.optimizers.adam import Adam
from torch_ref.autovc import Generator

CONFIG = AutoVCConfig.from_name("official")


def rows():
    for batch, frames in ((2, 176), (16, 128)):
        yield f"AutoVC training step, B {batch} x {frames}", lambda b=batch, f=frames: _step(b, f)
    for frames in (176, 1000):
        yield f"AutoVC inference, {frames} frames", lambda f=frames: _inference(f)


def _step(batch, frames):
    mel, embedding = draw(batch, frames, CONFIG.n_mels), draw(batch, CONFIG.embedding)
    padded = draw(batch, -(-frames // CONFIG.freq) * CONFIG.freq, CONFIG.n_mels)
    model = AutoVC(CONFIG)
    model.compile(optimizer=Adam(1e-4))
    model.optimizer.build(model.trainable_variables)
    model.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors({"mel": mel, "speaker_embedding": embedding}).repeat())
    module = Generator(CONFIG.neck, CONFIG.freq).train()
    return Row(
        lambda: model.train_function(batches),
        _torch_step(module, torch.from_numpy(mel), torch.from_numpy(embedding)),
        stock.autovc_step(CONFIG, tf.constant(padded), tf.constant(embedding)),
        # The encoder hears its own output as well.
        flops=3 * (_flops(module, padded.shape[1]) + _flops(module.encoder, padded.shape[1])) * batch,
    )


def _torch_step(module, mel, embedding):
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-4)

    def step():
        losses = module.losses(mel, embedding)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()

    return step


def _inference(frames):
    mel, embedding = draw(1, frames, CONFIG.n_mels), draw(1, CONFIG.embedding)
    model, module = AutoVC(CONFIG), Generator(CONFIG.neck, CONFIG.freq).eval()
    encoder, rest = stock.autovc(CONFIG)
    padded = draw(1, -(-frames // CONFIG.freq) * CONFIG.freq, CONFIG.n_mels)
    recurrent = sum(p.numel() for name, p in module.named_parameters() if "weight_hh" in name)
    return Row(
        keras_work(lambda m, e: model((m, e, e)), mel, embedding),
        torch_work(lambda m, e: module(m, e, e), mel, embedding),
        keras_work(lambda m, e: rest([encoder([m, e]), e]), padded, embedding),
        flops=_flops(module, padded.shape[1]),
        loaded=4 * recurrent * padded.shape[1],
    )


def _flops(module, frames):
    """Of one recording forwards: every matrix is used once a frame."""
    return 2 * frames * sum(p.numel() for p in module.parameters() if p.dim() > 1)
