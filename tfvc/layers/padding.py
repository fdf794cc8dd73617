"""Padding arithmetic along time: the one place where it is written."""

import tensorflow as tf


def pad_time(x: tf.Tensor, left: int, right: int, mode: str = "zeros") -> tf.Tensor:
    """Pads `[batch, time, channels]` along time.

    Args:
        x: the tensor.
        left: frames added before.
        right: frames added after.
        mode: "zeros" (torch's `padding_mode="zeros"`, `F.pad`) or "reflect" (`nn.ReflectionPad1d`; needs
            more frames than it adds on either side, as torch does).
    """
    if left == 0 and right == 0:
        return x
    return tf.pad(x, [[0, 0], [left, right], [0, 0]], mode="REFLECT" if mode == "reflect" else "CONSTANT")


def dilate_kernel(kernel: tf.Tensor, rate: int) -> tf.Tensor:
    """Writes a dilated kernel out with its zeros: `[k, a, b] -> [(k - 1) * rate + 1, a, b]`."""
    if rate == 1:
        return kernel
    taps, a, b = kernel.shape
    spread = tf.pad(kernel[:, None], [[0, 0], [0, rate - 1], [0, 0], [0, 0]])
    return tf.reshape(spread, [taps * rate, a, b])[: (taps - 1) * rate + 1]


def conv_length(length: int | None, kernel: int, stride: int, padding: int, dilation: int) -> int | None:
    """Frames that a convolution gives for `length` frames, by torch's formula; None stays None."""
    if length is None:
        return None
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def conv_transpose_length(
    length: int | None, kernel: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int | None:
    """Frames that a transposed convolution gives for `length` frames, by torch's formula."""
    if length is None:
        return None
    return (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1
