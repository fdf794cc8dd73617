"""`WeightNorm` beside `tfa.layers.WeightNormalization`: outputs and gradients of every form of keras.io's MelGAN."""

import numpy as np
import pytest
import tensorflow as tf

from parity_tests.legacy.forms import BATCH, FORMS, Form
from parity_tests.legacy.judging import committed, require_equal
from parity_tests.legacy.values import draw, weight
from tfvc.layers import Conv1D, Conv1DTranspose, GroupedConv1D, WeightNorm
from tfvc.parity.dumped import Dumped

GOLDENS = committed("weight_norm")


def convolution(form: Form):
    if form.transposed:
        padding = (form.kernel_size - form.strides) // 2
        return Conv1DTranspose(form.filters, form.kernel_size, strides=form.strides, padding=padding)
    options = {"strides": form.strides, "padding": "same", "dilation_rate": form.dilation_rate}
    if form.groups > 1:
        return GroupedConv1D(form.filters, form.kernel_size, form.groups, **options)
    return Conv1D(form.filters, form.kernel_size, **options)


def run(name: str, form: Form, start: Dumped | None, dtype: str) -> dict[str, tf.Tensor]:
    """As on the other side; `start` has g and the bias that the data gave, which are initial values and no layer."""
    inner = convolution(form)
    inner.build((None, None, form.inputs))
    for kind in ("kernel", "bias"):
        variable = getattr(inner, kind)
        variable.assign(weight(f"{name}/{kind}:0", tuple(variable.shape)))
    layer = WeightNorm(inner)
    layer.build((None, None, form.inputs))
    if start is not None:
        values = start.values(dtype == "float64")
        layer.g.assign(values["g after it"].reshape(layer.g.shape))
        inner.bias.assign(values["bias after it"])
    first, second = (
        tf.constant(draw(f"{name}/inputs/{i}", (BATCH, frames, form.inputs)), dtype)
        for i, frames in enumerate(form.frames)
    )
    n = layer.g.shape[-1]
    found = {
        "first outputs": layer(first),
        "g after it": np.reshape(layer.g, [n]),
        "bias after it": np.array(inner.bias),
    }
    layer.g.assign(layer.g * tf.reshape(tf.constant(draw(f"{name}/factors of g", (n,), 0.5, 1.0), dtype), [1, 1, n]))
    with tf.GradientTape() as tape:
        tape.watch(second)
        outputs = layer(second)
        loss = tf.reduce_sum(outputs * tf.constant(draw(f"{name}/cotangents", outputs.shape), dtype))
    of_g, of_v, of_bias, of_inputs = tape.gradient(loss, [layer.g.value, layer.v.value, inner.bias.value, second])
    return {
        **found,
        "second outputs": outputs,
        "gradient of g": tf.reshape(of_g, [n]),
        "gradient of v": of_v,
        "gradient of bias": of_bias,
        "gradient of inputs": of_inputs,
    }


@pytest.mark.parametrize(("name", "start"), [(name, start) for name in FORMS for start in FORMS[name].starts])
def test_weight_norm(name, start):
    """From lengths everything is compared, g's initial value too; from data what follows on g's initial value."""
    theirs = GOLDENS.below(f"{name}/{start}")
    started = theirs if start == "data" else None
    require_equal(theirs, lambda dtype: run(name, FORMS[name], started, dtype))


def test_what_addons_starts_from_when_it_starts_from_data():
    """g = 1 / deviation, bias = -mean / deviation of the convolution with its kernel as it is, not of length 1.

    So the first outputs have not the deviation 1 that the paper's start gives, but one of 1 / |v|.
    """
    name, form = "plain", FORMS["plain"]

    def start(dtype):
        inner = convolution(form)
        inner.build((None, None, form.inputs))
        inner.kernel.assign(weight(f"{name}/kernel:0", form.kernel_shape))
        inner.bias.assign(weight(f"{name}/bias:0", (form.filters,)))
        outputs = inner(tf.constant(draw(f"{name}/inputs/0", (BATCH, form.frames[0], form.inputs)), dtype))
        mean, variance = tf.nn.moments(outputs, [0, 1])
        deviation = tf.sqrt(variance + 1e-10)
        return {"g after it": 1 / deviation, "bias after it": -mean / deviation}

    wanted = ("g after it", "bias after it")
    require_equal(GOLDENS.below(f"{name}/data").renamed(lambda key: key if key in wanted else None), start)
