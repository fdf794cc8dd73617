"""Activations that TensorFlow computes a little differently from torch."""

import math

import tensorflow as tf


def leaky_relu(x: tf.Tensor, slope: float) -> tf.Tensor:
    """Equals `torch.nn.functional.leaky_relu`: x where it is positive, slope * x elsewhere.

    TensorFlow's operation keeps its slope in float32, where 0.2 is off by 1.5e-8: as good as any rounding for float32
    and half precision, but not for float64.
    """
    if x.dtype == tf.float64:
        return tf.where(x > 0, x, slope * x)
    return tf.nn.leaky_relu(x, slope)


def gelu(x: tf.Tensor) -> tf.Tensor:
    """Equals `torch.nn.functional.gelu`: x times the normal distribution at x.

    TensorFlow's own has the root of 2 in float32, off by 1.7e-8, also for float64.
    """
    return 0.5 * x * (1.0 + tf.math.erf(x * tf.constant(math.sqrt(0.5), x.dtype)))
