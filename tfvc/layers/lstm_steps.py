"""The steps of an LSTM, forwards and backwards, each compiled into one loop.

One step is a product of a large matrix with a few columns, and a dozen small operations. Run one by one, the small ones
cost as much as the product; compiled by XLA they cost a tenth of it. Time counts along the first axis, and the batch
along the last: a step is then `recurrent^T [4 units, units] @ h [units, batch]`, whose large matrix lies in memory in
the order in which it is read. Both directions of a bidirectional LSTM run in one loop.

A compilation takes 0.2 s and serves one shape. So that recordings of many lengths do not mean many of them, the loops
are compiled for a multiple of 16 steps, or of 128 where the graph does not know how many there will be, and run as many
as are asked for.
"""

import tensorflow as tf

KNOWN, UNKNOWN = 16, 128


def capacity(steps: int | tf.Tensor) -> int | tf.Tensor:
    """The number of steps for which a loop of so many is compiled."""
    step = KNOWN if isinstance(steps, int) else UNKNOWN
    return -(-steps // step) * step


@tf.function(jit_compile=True, autograph=False)
def run_forward(projected: tf.Tensor, recurrent: tf.Tensor, steps: tf.Tensor):
    """All steps from a zero state.

    Args:
        projected: `[capacity, batch, directions, 4 * units]`, gates i, f, g, o before the recurrent part.
        recurrent: `[directions, 4 * units, units]`.
        steps: int32, how many are run; what comes after is zero.

    Returns:
        h `[capacity, batch, directions, units]`, and what the way back needs: i, f, g, o and c,
        `[capacity, directions, 5, units, batch]`.
    """
    length, batch = tf.unstack(tf.shape(projected)[:2])
    directions, _, units = recurrent.shape
    inputs = _rows(projected)

    def zeros(*shape):
        return tf.zeros(shape, projected.dtype)

    # sigmoid(x) is (1 + tanh(x / 2)) / 2: all four gates are then one operation, and writing them another. In a small
    # LSTM it is the number of operations that counts.
    slope = tf.constant([0.5, 0.5, 1.0, 0.5], projected.dtype)[:, None, None]
    offset = 1 - slope

    def step(t, h, c, hidden, kept):
        z = tf.transpose(inputs.read(t), [1, 2, 0]) + tf.matmul(recurrent, h)
        z = tf.reshape(z, [directions, 4, units, batch])
        gates = slope * tf.tanh(slope * z) + offset
        i, f, g, o = tf.unstack(gates, axis=1)
        c = f * c + i * g
        h = o * tf.tanh(c)
        kept = kept.write(t, tf.concat([gates, c[:, None]], 1))
        return t + 1, h, c, hidden.write(t, tf.transpose(h, [2, 0, 1])), kept

    state = zeros(directions, units, batch)
    hidden, kept = _rows(zeros(length, batch, directions, units)), _rows(zeros(length, directions, 5, units, batch))
    *_, hidden, kept = tf.while_loop(
        lambda t, *_: t < steps, step, (tf.constant(0), state, state, hidden, kept), maximum_iterations=length
    )
    return hidden.stack(), kept.stack()


@tf.function(jit_compile=True, autograph=False)
def run_backward(d_hidden: tf.Tensor, kept: tf.Tensor, recurrent: tf.Tensor, steps: tf.Tensor):
    """The gradient with respect to `projected`, `[capacity, batch, directions, 4 * units]`.

    Only what depends on the step before is in the loop; the local derivatives of all steps are taken beforehand.

    Args:
        d_hidden: the gradient of h, `[capacity, batch, directions, units]`.
        kept: as `run_forward` gave it.
        recurrent: `[directions, units, 4 * units]`: the other way round than forwards.
        steps: int32, how many were run.
    """
    length, batch = tf.unstack(tf.shape(d_hidden)[:2])
    directions, units = d_hidden.shape[2:]
    i, f, g, o, c = tf.unstack(kept, axis=2)
    before = tf.concat([tf.zeros_like(c[:1]), c[:-1]], 0)
    tanh_c = tf.tanh(c)
    # dz of i, f, g is dc times these, dz of o is dh times its own.
    local = [g * i * (1 - i), before * f * (1 - f), i * (1 - tf.square(g)), tanh_c * o * (1 - o)]
    local, forget, cell_from_hidden = _rows(tf.stack(local, 2)), _rows(f), _rows(o * (1 - tf.square(tanh_c)))
    upstream = _rows(d_hidden)

    def step(t, dh, dc, dz_all):
        dh = dh + tf.transpose(upstream.read(t), [1, 2, 0])
        dc = dc + dh * cell_from_hidden.read(t)
        dz = tf.reshape(tf.stack([dc, dc, dc, dh], 1) * local.read(t), [directions, 4 * units, batch])
        return t - 1, tf.matmul(recurrent, dz), dc * forget.read(t), dz_all.write(t, tf.transpose(dz, [2, 0, 1]))

    state = tf.zeros([directions, units, batch], d_hidden.dtype)
    dz_all = _rows(tf.zeros([length, batch, directions, 4 * units], d_hidden.dtype))
    *_, dz_all = tf.while_loop(lambda t, *_: t >= 0, step, (steps - 1, state, state, dz_all), maximum_iterations=length)
    return dz_all.stack()


def _rows(x: tf.Tensor) -> tf.TensorArray:
    """The tensor, to be read or overwritten one step at a time."""
    return tf.TensorArray(x.dtype, tf.shape(x)[0]).unstack(x)
