"""Grouped convolution as one batched matmul, and its gradient as two more.

Time is cut into blocks of `stride` frames. A kernel of k taps then covers m = ceil(k / stride) whole blocks (the taps
that fill it up are zero), and the strided convolution becomes one of m taps and stride 1 over blocks, whose windows
are m neighbouring blocks side by side: one gather. With the group as the batch axis of the matmul, the windows of a
group times its part of the kernel are its outputs.

The gradient with respect to the input is the same thing again: a convolution of m taps over the outputs' gradient.
"""

import tensorflow as tf


def grouped_convolution(x: tf.Tensor, kernel: tf.Tensor, groups: int, stride: int) -> tf.Tensor:
    """Valid convolution in groups: `[batch, time, in] -> [batch, (time - k) // stride + 1, filters]`.

    Args:
        x: already padded.
        kernel: `[k, in / groups, filters]`.
        groups: divides `in` and `filters`; filter f belongs to group f // (filters / groups).
        stride: frames between outputs.
    """
    taps, inputs, filters = kernel.shape
    outputs = filters // groups
    block_taps = -(-taps // stride)
    # Numbers where they are known: each one that is not costs the graph a dozen small operations.
    batch = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
    time = tf.shape(x)[1] if x.shape[1] is None else x.shape[1]
    frames = (time - taps) // stride + 1
    blocks = frames + block_taps - 1

    # What lies behind the last window is cut off; what the filled-up taps reach into is zero.
    used = _smaller(blocks * stride, time)

    def to_blocks(x):
        x = tf.pad(x[:, :used], [[0, 0], [0, blocks * stride - used], [0, 0]])
        x = tf.transpose(tf.reshape(x, [batch, blocks * stride, groups, inputs]), [2, 0, 1, 3])
        return tf.reshape(x, [groups, batch, blocks, stride * inputs])

    def from_blocks(x):
        x = tf.reshape(x, [groups, batch, blocks * stride, inputs])
        x = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [batch, blocks * stride, groups * inputs])
        return tf.pad(x[:, :used], [[0, 0], [0, time - used], [0, 0]])

    def matrix(kernel):
        """`[groups, block_taps * stride * inputs, outputs]`."""
        kernel = tf.pad(kernel, [[0, block_taps * stride - taps], [0, 0], [0, 0]])
        kernel = tf.reshape(kernel, [block_taps * stride * inputs, groups, outputs])
        return tf.transpose(kernel, [1, 0, 2])

    def kernel_of(matrix):
        kernel = tf.reshape(tf.transpose(matrix, [1, 0, 2]), [block_taps * stride, inputs, filters])
        return kernel[:taps]

    @tf.custom_gradient
    def convolve(x, kernel):
        windows = _windows(to_blocks(x), block_taps, frames)
        y = tf.matmul(tf.reshape(windows, [groups, batch * frames, block_taps * stride * inputs]), matrix(kernel))
        y = tf.transpose(tf.reshape(y, [groups, batch, frames, outputs]), [1, 2, 0, 3])

        def gradient(dy):
            dy = tf.transpose(tf.reshape(dy, [batch, frames, groups, outputs]), [2, 0, 1, 3])
            # The windows are made again: they are ten times the size of the input, and copying is cheap.
            windows = tf.reshape(_windows(to_blocks(x), block_taps, frames), [groups, batch * frames, -1])
            d_matrix = tf.matmul(windows, tf.reshape(dy, [groups, batch * frames, outputs]), transpose_a=True)
            # Output n took block n + j through tap j, so block n gives back through outputs n - j.
            reversed_taps = tf.reverse(
                tf.reshape(matrix(kernel), [groups, block_taps, stride * inputs, outputs]), axis=[1]
            )
            back = tf.reshape(
                tf.transpose(reversed_taps, [0, 1, 3, 2]), [groups, block_taps * outputs, stride * inputs]
            )
            dy = tf.pad(dy, [[0, 0], [0, 0], [block_taps - 1, block_taps - 1], [0, 0]])
            spread = tf.reshape(_windows(dy, block_taps, blocks), [groups, batch * blocks, block_taps * outputs])
            return from_blocks(tf.matmul(spread, back)), kernel_of(d_matrix)

        return tf.reshape(y, [batch, frames, filters]), gradient

    y = convolve(x, kernel)
    length = None if x.shape[1] is None else (x.shape[1] - taps) // stride + 1
    return tf.ensure_shape(y, [x.shape[0], length, filters])


def _windows(x: tf.Tensor, taps: int, count: int | tf.Tensor) -> tf.Tensor:
    """`[groups, batch, count + taps - 1, c] -> [groups, batch, count, taps, c]`: each block beside its successors."""
    return tf.gather(x, tf.range(count)[:, None] + tf.range(taps), axis=2)


def _smaller(a, b):
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else tf.minimum(a, b)
