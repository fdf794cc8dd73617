"""Float32 and float64 twins of the same factory."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Everything Keras makes or computes inside is of `dtype`, stock layers included.

    Sets Keras's floatx and its dtype policy and turns TensorFloat-32 off; in float64, TensorFlow's LeakyReLU gets a
    slope of float64 (its own is rounded to float32 whatever it works on). All are restored at the end.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    tensor_float_32 = tf.config.experimental.tensor_float_32_execution_enabled()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    leaky_relu = tf.nn.leaky_relu
    if dtype == "float64":
        tf.nn.leaky_relu = _leaky_relu
    try:
        yield
    finally:
        tf.nn.leaky_relu = leaky_relu
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
        tf.config.experimental.enable_tensor_float_32_execution(tensor_float_32)


def _leaky_relu(features, alpha=0.2, name=None):
    """`tf.nn.leaky_relu`, exact in float64."""
    features = tf.convert_to_tensor(features)
    return tf.where(features > 0, features, features * tf.constant(alpha, features.dtype), name=name)
