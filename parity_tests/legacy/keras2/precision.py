"""The same computation in float64 and in float32."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from parity_tests.legacy.keras2.dumping import Pair
from parity_tests.legacy.values import fold

Tensors = Mapping[str, tf.Tensor]


def in_both(compute: Callable[[str], Tensors]) -> dict[str, Pair]:
    """The tensors that `compute(dtype)` gives with everything in float64 and with everything in float32."""
    found = []
    of_keras = tf.compat.v2.nn  # where Keras 2 looks for operations
    leaky_relu = of_keras.leaky_relu
    for dtype in ("float64", "float32"):
        tf.keras.backend.clear_session()  # names count from one again
        tf.keras.backend.set_floatx(dtype)
        # TensorFlow keeps the slope in float32, where 0.3 is off by 1.2e-8; float64 could show no more than that.
        of_keras.leaky_relu = _exact_leaky_relu if dtype == "float64" else leaky_relu
        try:
            found.append({name: np.asarray(tensor) for name, tensor in compute(dtype).items()})
        finally:
            of_keras.leaky_relu = leaky_relu
            tf.keras.backend.set_floatx("float32")
    double, single = found
    return {name: (fold(double[name]), fold(single[name])) for name in double}


def _exact_leaky_relu(features, alpha=0.2, name=None):
    features = tf.convert_to_tensor(features)
    return tf.where(features > 0, features, features * tf.constant(alpha, features.dtype), name=name)
