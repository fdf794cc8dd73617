"""The half precision that this machine computes well in."""

import tensorflow as tf


def mixed_precision_policy() -> str:
    """The dtype policy: float16 on a GPU (its loss scale is Keras's own), bfloat16 on a CPU or TPU."""
    return "mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16"
