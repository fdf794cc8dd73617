"""One direction of an LSTM by cuDNN, on a GPU."""

import tensorflow as tf

PRECISIONS = (tf.float16, tf.float32, tf.float64)


def gpu_is_there() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tf.config.list_logical_devices("GPU"))


def cudnn_takes(x: tf.Tensor) -> bool:
    """Whether cuDNN is to run on such an input: there is a GPU, and no scope asks for another device."""
    device = tf.identity(x).device
    return gpu_is_there() and x.dtype in PRECISIONS and (not device or "GPU" in device)


def cudnn_lstm(x: tf.Tensor, kernel: tf.Tensor, recurrent_kernel: tf.Tensor, biases: list[tf.Tensor]) -> tf.Tensor:
    """What `LSTMDirection` computes in the order of its steps: `[time, batch, in] -> [time, batch, units]`.

    Args:
        kernel, recurrent_kernel: as `LSTMDirection` has them.
        biases: one or both of torch's; cuDNN adds two.
    """
    units = recurrent_kernel.shape[0]
    state = tf.zeros([1, tf.shape(x)[1], units], x.dtype)
    hidden, *_ = tf.raw_ops.CudnnRNN(
        input=x,
        input_h=state,
        input_c=state,
        params=flat_parameters(kernel, recurrent_kernel, biases),
        rnn_mode="lstm",
    )
    hidden.set_shape([*x.shape[:2], units])
    return hidden


def flat_parameters(kernel: tf.Tensor, recurrent_kernel: tf.Tensor, biases: list[tf.Tensor]) -> tf.Tensor:
    """cuDNN's one vector, whose order is torch's: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, gates i, f, g, o."""
    biases = [*biases, tf.zeros_like(biases[0])][:2]
    return tf.concat([tf.reshape(tf.transpose(part), [-1]) for part in (kernel, recurrent_kernel, *biases)], 0)
