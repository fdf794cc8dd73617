"""`tfa.layers.WeightNormalization` around the convolutions of keras.io's MelGAN."""

import tensorflow as tf
import tensorflow_addons as tfa

from parity_tests.legacy.forms import BATCH, FORMS, Form
from parity_tests.legacy.keras2.dumping import Pair
from parity_tests.legacy.keras2.precision import in_both
from parity_tests.legacy.values import draw, weight


def goldens() -> dict[str, Pair]:
    """Two calls of each form, started from lengths and from data; the second with gradients and with another g."""
    found = {}
    for name, form in FORMS.items():
        for start in form.starts:
            both = in_both(lambda dtype, name=name, form=form, start=start: _run(name, form, start == "data", dtype))
            found |= {f"{name}/{start}/{key}": value for key, value in both.items()}
    return found


def _layer(form: Form) -> tf.keras.layers.Layer:
    options = {"strides": form.strides, "padding": "same"}
    if form.transposed:
        return tf.keras.layers.Conv1DTranspose(form.filters, form.kernel_size, **options)
    options |= {"dilation_rate": form.dilation_rate, "groups": form.groups}
    return tf.keras.layers.Conv1D(form.filters, form.kernel_size, **options)


def _run(name: str, form: Form, data_init: bool, dtype: str) -> dict[str, tf.Tensor]:
    layer = tfa.layers.WeightNormalization(_layer(form), data_init=data_init)
    first, second = (
        tf.constant(draw(f"{name}/inputs/{i}", (BATCH, frames, form.inputs)), dtype)
        for i, frames in enumerate(form.frames)
    )
    layer.build((None, None, form.inputs))
    for variable in layer.weights:  # the copy that data_init keeps is the layer as it was built
        kind = variable.name.rpartition("/")[2]
        if kind.startswith(("kernel", "bias")):
            variable.assign(weight(f"{name}/{kind}", variable.shape))
    found = {
        "first outputs": layer(first),
        "g after it": tf.identity(layer.g),
        "bias after it": layer.layer.bias.value(),
    }

    layer.g.assign(layer.g * tf.constant(draw(f"{name}/factors of g", layer.g.shape, 0.5, 1.0), dtype))
    with tf.GradientTape() as tape:
        tape.watch(second)
        outputs = layer(second)
        loss = tf.reduce_sum(outputs * tf.constant(draw(f"{name}/cotangents", outputs.shape), dtype))
    trained = {"g": layer.g, "v": layer.v, "bias": layer.layer.bias, "inputs": second}
    gradients = tape.gradient(loss, trained)
    return {
        **found,
        "second outputs": outputs,
        **{f"gradient of {key}": gradient for key, gradient in gradients.items()},
    }
