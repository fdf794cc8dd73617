"""The recurrence of an LSTM over a whole sequence, with its gradient written out.

TensorFlow's automatic gradient of a loop keeps a stack per intermediate tensor and multiplies the weight
gradient out at every step. Written by hand, the backward loop carries only dh and dc; everything that does
not depend on the recursion is computed for all steps at once, and the weight gradient is a single matmul.
"""

import tensorflow as tf


@tf.custom_gradient
def lstm_sequence(projected: tf.Tensor, recurrent_kernel: tf.Tensor):
    """Runs an LSTM from a zero state over inputs that are already projected.

    i, f, g, o = split(projected[t] + h[t-1] @ recurrent_kernel); c = sigmoid(f) c + sigmoid(i) tanh(g);
    h = sigmoid(o) tanh(c): the equations of `torch.nn.LSTM`.

    Args:
        projected: `[time, batch, 4 * units]`, the inputs times the kernel plus the biases, gates i, f, g, o.
        recurrent_kernel: `[units, 4 * units]`.

    Returns:
        h of every step, `[time, batch, units]`. First derivatives only.
    """
    steps, batch = tf.shape(projected)[0], tf.shape(projected)[1]
    units = recurrent_kernel.shape[0]
    dtype = projected.dtype
    zeros = tf.zeros([batch, units], dtype)

    def array(width):
        return tf.TensorArray(dtype, steps, element_shape=[None, width], clear_after_read=False)

    inputs = array(4 * units).unstack(projected)

    def forward(t, h, c, gates, cells, hidden):
        z = inputs.read(t) + tf.linalg.matmul(h, recurrent_kernel)
        i, f, g, o = tf.split(z, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        return t + 1, h, c, gates.write(t, z), cells.write(t, c), hidden.write(t, h)

    *_, gates, cells, hidden = tf.while_loop(
        lambda t, *_: t < steps,
        forward,
        (tf.constant(0), zeros, zeros, array(4 * units), array(units), array(units)),
        maximum_iterations=steps,
    )
    z, c, h = gates.stack(), cells.stack(), hidden.stack()
    h.set_shape([*projected.shape[:2], units])

    def gradient(dh_out):
        first = tf.zeros_like(c[:1])
        c_before, h_before = tf.concat([first, c[:-1]], 0), tf.concat([first, h[:-1]], 0)
        zi, zf, zg, zo = tf.split(z, 4, axis=2)
        i, f, g, o, tanh_c = tf.sigmoid(zi), tf.sigmoid(zf), tf.tanh(zg), tf.sigmoid(zo), tf.tanh(c)
        # Local derivatives: dz of i, f, g is dc times these, dz of o is dh times its own.
        local = array(4 * units).unstack(
            tf.concat([g * i * (1 - i), c_before * f * (1 - f), i * (1 - tf.square(g)), tanh_c * o * (1 - o)], 2)
        )
        cell_from_hidden = array(units).unstack(o * (1 - tf.square(tanh_c)))
        forget = array(units).unstack(f)
        upstream = array(units).unstack(dh_out)
        recurrent_transposed = tf.transpose(recurrent_kernel)

        def backward(t, dh, dc, dz_all):
            dh = dh + upstream.read(t)
            dc = dc + dh * cell_from_hidden.read(t)
            dz = tf.concat([dc, dc, dc, dh], 1) * local.read(t)
            dh_before = tf.linalg.matmul(dz, recurrent_transposed)
            return t - 1, dh_before, dc * forget.read(t), dz_all.write(t, dz)

        *_, dz_all = tf.while_loop(
            lambda t, *_: t >= 0,
            backward,
            (steps - 1, zeros, zeros, array(4 * units)),
            maximum_iterations=steps,
        )
        dz = dz_all.stack()
        dz.set_shape(projected.shape)
        d_recurrent = tf.linalg.matmul(
            tf.reshape(h_before, [-1, units]), tf.reshape(dz, [-1, 4 * units]), transpose_a=True
        )
        return dz, d_recurrent

    return h, gradient
