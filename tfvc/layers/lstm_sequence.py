"""The recurrence of an LSTM over a whole sequence, with its gradient written out.

TensorFlow's automatic gradient of a loop keeps a stack for each intermediate tensor and multiplies the weight gradient
out at every step. Written by hand, the backward loop carries only dh and dc, and the weight gradient is one matmul.
"""

import tensorflow as tf

from tfvc.layers.lstm_steps import capacity, run_backward, run_forward


@tf.custom_gradient
def lstm_sequence(projected: tf.Tensor, recurrent_kernel: tf.Tensor):
    """Runs an LSTM from a zero state over inputs that are already projected, in each of its directions.

    i, f, g, o = split(projected[t] + h[t-1] @ recurrent_kernel); c = sigmoid(f) c + sigmoid(i) tanh(g);
    h = sigmoid(o) tanh(c): the equations of `torch.nn.LSTM`.

    Args:
        projected: `[time, batch, directions, 4 * units]`, the inputs times the kernel plus the biases, gates i, f, g,
            o. Each direction in the order of its own steps.
        recurrent_kernel: `[directions, units, 4 * units]`.

    Returns:
        h of every step, `[time, batch, directions, units]`. It has first derivatives only; the second are NaN.
    """
    static = projected.shape[0]
    steps = tf.shape(projected)[0] if static is None else static
    count = tf.convert_to_tensor(steps)  # a bare number would be compiled in
    units = recurrent_kernel.shape[1]

    def fill_up(x):
        return tf.pad(x, [[0, capacity(steps) - steps], [0, 0], [0, 0], [0, 0]])

    transposed = tf.transpose(recurrent_kernel, [0, 2, 1])
    # No tape may follow the compiled loops inside: their gradient is the one below.
    hidden, kept = run_forward(*map(tf.stop_gradient, (fill_up(projected), transposed)), count)
    hidden = hidden[:steps]
    hidden.set_shape([*projected.shape[:3], units])

    def gradient(d_hidden):
        dz = _run_backward_once(projected, fill_up(d_hidden), kept, recurrent_kernel, count)[:steps]
        dz.set_shape(projected.shape)
        before = tf.concat([tf.zeros_like(hidden[:1]), hidden[:-1]], 0)
        # One matmul for each: a batched one is a third slower.
        d_kernels = [
            tf.matmul(_flat(h), _flat(d), transpose_a=True)
            for h, d in zip(tf.unstack(before, axis=2), tf.unstack(dz, axis=2), strict=True)
        ]
        return dz, tf.stack(d_kernels)

    return hidden, gradient


@tf.custom_gradient
def _run_backward_once(projected, d_hidden, kept, recurrent_kernel, steps):
    """`run_backward`, which a second tape may see but not differentiate.

    An error would be better than NaN, but a SavedModel traces the gradients of all gradients and keeps them.
    `projected` is there only so that a second derivative finds its way, and is NaN, not absent.
    """

    def gradient(_):
        found = (projected, d_hidden, kept, recurrent_kernel)
        return *(tf.fill(tf.shape(x), tf.cast(float("nan"), x.dtype)) for x in found), None

    return run_backward(*map(tf.stop_gradient, (d_hidden, kept, recurrent_kernel)), steps), gradient


def _flat(x: tf.Tensor) -> tf.Tensor:
    """`[time, batch, c] -> [time * batch, c]`."""
    return tf.reshape(x, [-1, x.shape[-1]])
