"""MelGAN as its authors have it: speech, and a training step of both networks."""

import tensorflow as tf
import torch

from parity_tests.speed import stock
from parity_tests.speed.row import Row
from parity_tests.speed.vocoders import flops_of, inference
from parity_tests.speed.works import draw
from tfvc.models.melgan import MelGAN, MelGANGenerator
from torch_ref import melgan as reference
from torch_ref.train_melgan import set_gradients

FRAMES = 400
BATCH, SAMPLES = 16, 8192


def rows():
    yield f"MelGAN inference, {FRAMES} frames", _inference
    yield f"MelGAN training step of both networks, B {BATCH} x {SAMPLES}", _step


def _inference():
    ours = MelGANGenerator.from_name("descript").fuse()
    theirs = reference.remove_weight_norm(reference.Generator()).eval()
    return inference(ours, theirs, stock.melgan_generator(ours.config), FRAMES)


def _step():
    gan = MelGAN.from_name("descript")
    gan.compile()
    gan.make_train_function()
    mel, wave = draw(BATCH, SAMPLES // 256, 80), 0.1 * draw(BATCH, SAMPLES)
    batches = iter(tf.data.Dataset.from_tensors({"mel": mel, "waveform": wave}).repeat())
    model = reference.MelGAN(reference.Generator(), reference.Discriminator())
    batch = torch.from_numpy(mel).transpose(1, 2).contiguous(), torch.from_numpy(wave)[:, None]
    generator = flops_of(lambda: model.generator(batch[0]))
    discriminator = flops_of(lambda: model.discriminator(batch[1]))
    return Row(
        lambda: gan.train_function(batches),
        _torch_step(model, *batch),
        # The way back is twice the way there, and half of that where no weights are wanted. The generator goes there
        # and back; the discriminator both ways for two waves, and once more, without its weights, for the generator.
        flops=3 * generator + (6 + 2) * discriminator,
        note="stock Keras needs minutes: see its gradients of the grouped convolutions",
    )


def _torch_step(model, mel, wave):
    """A step of `torch_ref.train_melgan.train`, whose optimizers live on."""
    options = {"lr": 1e-4, "betas": (0.5, 0.9)}
    adam_d = torch.optim.Adam(model.discriminator.parameters(), **options)
    adam_g = torch.optim.Adam(model.generator.parameters(), **options)

    def step():
        real = model.real_features(wave, mel)
        losses = model.discriminator_losses(mel, wave)
        set_gradients(model.discriminator, losses["discriminator"])
        adam_d.step()
        losses |= model.generator_losses(mel, wave, real)
        set_gradients(model.generator, losses["generator"])
        adam_g.step()

    return step
