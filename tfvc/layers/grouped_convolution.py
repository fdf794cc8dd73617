"""Grouped convolution with a gradient that works and is fast on a CPU.

Forwards TensorFlow's own is good. Its gradient takes seconds where torch's takes milliseconds, and there is none with
oneDNN switched off; so it is made here of what is good.

Time is cut into blocks of `stride` frames. A kernel of k taps then covers m = ceil(k / stride) whole blocks (the taps
that fill it up are zero), and the strided convolution is one of m taps and stride 1 over blocks. The gradient with
respect to the input is therefore such a convolution too, forwards, of m taps over the outputs' gradient; and that with
respect to the kernel is a batched matmul, with the group as its batch, of the windows of m neighbouring blocks.
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

    def kernel_gradient(x, dy):
        x = tf.pad(x[:, :used], [[0, 0], [0, blocks * stride - used], [0, 0]])
        x = tf.transpose(tf.reshape(x, [batch, blocks * stride, groups, inputs]), [2, 0, 1, 3])
        windows = _windows(tf.reshape(x, [groups, batch, blocks, stride * inputs]), block_taps, frames)
        dy = tf.transpose(tf.reshape(dy, [batch, frames, groups, outputs]), [2, 0, 1, 3])
        # This way round and turned afterwards: the other way takes twice as long.
        product = tf.matmul(
            tf.reshape(dy, [groups, batch * frames, outputs]),
            tf.reshape(windows, [groups, batch * frames, block_taps * stride * inputs]),
            transpose_a=True,
        )
        return tf.reshape(tf.transpose(product, [2, 0, 1]), [block_taps * stride, inputs, filters])[:taps]

    def input_gradient(dy, kernel):
        # Output n took block n + j through tap j, so block n gets back through outputs n - j: the taps reversed.
        kernel = tf.pad(kernel, [[0, block_taps * stride - taps], [0, 0], [0, 0]])
        kernel = tf.reshape(kernel, [block_taps, stride, inputs, groups, outputs])
        back = tf.reshape(
            tf.transpose(tf.reverse(kernel, [0]), [0, 4, 3, 1, 2]), [block_taps, outputs, groups * stride * inputs]
        )
        dy = tf.pad(dy, [[0, 0], [block_taps - 1, block_taps - 1], [0, 0]])
        dx = tf.reshape(_convolve(dy, back, groups, 1), [batch, blocks, groups, stride, inputs])
        dx = tf.reshape(tf.transpose(dx, [0, 1, 3, 2, 4]), [batch, blocks * stride, groups * inputs])
        return tf.pad(dx[:, :used], [[0, 0], [0, time - used], [0, 0]])

    @tf.custom_gradient
    def convolve(x, kernel):
        return _convolve(x, kernel, groups, stride), lambda dy: (input_gradient(dy, kernel), kernel_gradient(x, dy))

    return convolve(x, kernel)


def depthwise_convolution(x: tf.Tensor, kernel: tf.Tensor, dilation: int) -> tf.Tensor:
    """Valid convolution of each channel by itself, as a sum over taps: `[batch, time, c] -> [batch, time', c]`.

    Args:
        x: already padded.
        kernel: `[k, 1, c]`.
        dilation: frames between taps.
    """
    taps = kernel.shape[0]
    frames = tf.shape(x)[1] - (taps - 1) * dilation
    return tf.add_n([x[:, i * dilation : i * dilation + frames] * kernel[i] for i in range(taps)])


def _convolve(x: tf.Tensor, kernel: tf.Tensor, groups: int, stride: int) -> tf.Tensor:
    """TensorFlow's own; how many groups there are it sees from the channels.

    Groups of few outputs leave a vector register half empty, so some are made one, with zeros where they do not touch:
    256 groups of 4 outputs take a third of the time as 64 of 16.
    """
    taps, inputs, filters = kernel.shape
    outputs = filters // groups
    merged = next((n for n in range(1, groups + 1) if groups % n == 0 and n * outputs >= 16), 1)
    kernel = tf.reshape(kernel, [taps, 1, inputs, groups // merged, merged, outputs])
    kernel *= tf.reshape(tf.eye(merged, dtype=kernel.dtype), [1, merged, 1, 1, merged, 1])
    kernel = tf.reshape(kernel, [taps, merged * inputs, filters])
    return tf.nn.convolution(x, kernel, strides=stride, padding="VALID")


def _windows(x: tf.Tensor, taps: int, count: int | tf.Tensor) -> tf.Tensor:
    """`[groups, batch, count + taps - 1, c] -> [groups, batch, count, taps, c]`: each block beside its successors."""
    return tf.gather(x, tf.range(count)[:, None] + tf.range(taps), axis=2)


def _smaller(a, b):
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else tf.minimum(a, b)
