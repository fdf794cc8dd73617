"""The grouped convolutions of MelGAN's discriminator: 41 taps, stride 4, at the lengths of a second of sound."""

import keras
import torch

from parity_tests.speed.row import Row
from parity_tests.speed.works import draw, keras_work, layout_of_torch, torch_work
from tfvc.layers import GroupedConv1D

# in, out, groups, frames
LAYERS = ((16, 64, 4, 8192), (64, 256, 16, 2048), (256, 1024, 64, 512), (1024, 1024, 256, 128))
BATCH, TAPS, STRIDE, PADDING = 4, 41, 4, 20


def rows():
    for sizes in LAYERS:
        inputs, outputs, groups, frames = sizes
        name = f"grouped Conv1D {inputs}->{outputs} g{groups}, B {BATCH}, L {frames}, forward + backward"
        yield name, lambda s=sizes: _row(*s)


def _row(inputs, outputs, groups, frames):
    x = draw(BATCH, frames, inputs)
    ours = GroupedConv1D(outputs, TAPS, groups, strides=STRIDE, padding=PADDING)
    stock = keras.Sequential(
        [keras.layers.ZeroPadding1D(PADDING), keras.layers.Conv1D(outputs, TAPS, strides=STRIDE, groups=groups)]
    )
    theirs = torch.nn.Conv1d(inputs, outputs, TAPS, STRIDE, PADDING, groups=groups)
    for model in (ours, stock):
        model.build(x.shape)
    out_frames = (frames + 2 * PADDING - TAPS) // STRIDE + 1
    return Row(
        keras_work(ours, x, backward=True),
        torch_work(theirs, layout_of_torch(x), backward=True),
        keras_work(stock, x, backward=True),
        flops=3 * 2 * BATCH * out_frames * theirs.weight.numel(),
        loaded=3 * 4 * theirs.weight.numel(),
    )
