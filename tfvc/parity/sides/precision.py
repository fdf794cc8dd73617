"""Float32 and float64 twins of the same factory."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import tensorflow as tf

from tfvc.parity.sides.exact_numbers import exact_numbers


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Everything Keras makes or computes inside is of `dtype`, stock layers included.

    Sets Keras's floatx and its dtype policy and turns TensorFloat-32 off; in float64, Python floats keep their digits
    (`exact_numbers`). All are restored at the end.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    tensor_float_32 = tf.config.experimental.tensor_float_32_execution_enabled()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        with exact_numbers(dtype == "float64"):
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)
        tf.config.experimental.enable_tensor_float_32_execution(tensor_float_32)
