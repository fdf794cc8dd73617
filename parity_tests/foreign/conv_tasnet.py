"""Conv-TasNet: torchaudio's, and stock Keras layers."""

from collections.abc import Iterator
from typing import Any

import keras

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase

SOURCES, KERNEL, FEATURES, WIDTH, HIDDEN, LAYERS, STACKS = 2, 16, 64, 24, 48, 3, 2
BLOCKS = LAYERS * STACKS


def keras_model(samples: int) -> keras.Model:
    """[batch, samples, 1] -> [batch, samples, sources]; `samples` is a multiple of half the kernel."""
    layers, stride = keras.layers, KERNEL // 2

    def norm(name: str) -> keras.layers.Layer:
        return layers.GroupNormalization(groups=1, epsilon=1e-8, name=name)

    inputs = keras.Input((samples, 1))
    padded = layers.ZeroPadding1D(stride, name="pad")(inputs)
    mixture = layers.Conv1D(FEATURES, KERNEL, stride, use_bias=False, name="encoder")(padded)
    x = layers.Conv1D(WIDTH, 1, name="bottleneck")(norm("input_norm")(mixture))
    skips = []
    for i in range(BLOCKS):
        y = layers.Conv1D(HIDDEN, 1, name=f"in_{i}")(x)
        y = norm(f"norm1_{i}")(layers.PReLU(shared_axes=[1, 2], name=f"prelu1_{i}")(y))
        y = layers.DepthwiseConv1D(3, padding="same", dilation_rate=2 ** (i % LAYERS), name=f"depthwise_{i}")(y)
        y = norm(f"norm2_{i}")(layers.PReLU(shared_axes=[1, 2], name=f"prelu2_{i}")(y))
        skips.append(layers.Conv1D(WIDTH, 1, name=f"skip_{i}")(y))
        if i < BLOCKS - 1:
            x = layers.Add(name=f"add_{i}")([x, layers.Conv1D(WIDTH, 1, name=f"residual_{i}")(y)])
    y = layers.PReLU(shared_axes=[1, 2], name="output_prelu")(layers.Add(name="skips")(skips))
    masks = layers.Conv1D(FEATURES * SOURCES, 1, activation="sigmoid", name="masks")(y)
    decoder = layers.Conv1DTranspose(1, KERNEL, stride, use_bias=False, name="decoder")
    crop = layers.Cropping1D(stride, name="crop")
    sources = [
        crop(decoder(layers.Multiply(name=f"masked_{s}")([mixture, masks[..., s * FEATURES : (s + 1) * FEATURES]])))
        for s in range(SOURCES)
    ]
    return keras.Model(inputs, layers.Concatenate(name="sources")(sources))


def torch_model() -> Any:
    """[batch, 1, samples] -> [batch, sources, samples]."""
    make_importable()
    from torchaudio.models import ConvTasNet

    return ConvTasNet(SOURCES, KERNEL, FEATURES, 3, WIDTH, HIDDEN, LAYERS, STACKS)


def _table() -> Iterator[tuple[str, str]]:
    generator = "mask_generator"
    yield from (("encoder", "encoder"), (f"{generator}.input_norm", "input_norm"), ("decoder", "decoder"))
    yield from ((f"{generator}.input_conv", "bottleneck"), (f"{generator}.output_prelu", "output_prelu"))
    yield f"{generator}.output_conv", "masks"
    for i in range(BLOCKS):
        block = f"{generator}.conv_layers.{i}"
        for number, name in enumerate(("in", "prelu1", "norm1", "depthwise", "prelu2", "norm2")):
            yield f"{block}.conv_layers.{number}", f"{name}_{i}"
        yield f"{block}.skip_out", f"skip_{i}"
        if i < BLOCKS - 1:
            yield f"{block}.res_out", f"residual_{i}"


def case(samples: int = 400) -> ParityCase:
    """The pair."""
    return ParityCase(
        "conv_tasnet",
        lambda: keras_model(samples),
        torch_model,
        LayerTable(dict(_table())),
        lambda rng: {"mixture": rng.standard_normal((2, samples, 1))},
        torch_forward=lambda module, x: {"output": module(x["mixture"].transpose(1, 2)).transpose(1, 2)},
    )
