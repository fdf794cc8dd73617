"""Precision lost, and NaN."""

import numpy as np
import tensorflow as tf

from parity_tests.mutations.network import with_part as part
from parity_tests.mutations.planted.mutation import FORWARD, Mutation
from tfvc import layers


class Coarse(layers.Dense):
    """Multiplies in bfloat16 wherever float32 is asked for; right in float64."""

    def call(self, x):
        if self.compute_dtype == "float32":
            x = tf.cast(tf.cast(x, tf.bfloat16), tf.float32)
        return super().call(x)


class WithNan(layers.Dense):
    """Gives NaN in one place."""

    def call(self, x):
        y = super().call(x)
        return tf.where(tf.reshape(tf.range(tf.size(y)), tf.shape(y)) == 7, tf.cast(np.nan, y.dtype), y)


MUTATIONS = [
    Mutation(
        "dense: bfloat16",
        "TF32, mixed precision",
        lambda: part("head", lambda: Coarse(80)),
        FORWARD,
        "head",
        "precision: bfloat16",
    ),
    Mutation("dense: one NaN", "NaN", lambda: part("head", lambda: WithNan(80)), FORWARD, "head", "not finite"),
]
