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
    if isinstance(left, int) and isinstance(right, int) and left == right == 0:
        return x
    return tf.pad(x, [[0, 0], [left, right], [0, 0]], mode="REFLECT" if mode == "reflect" else "CONSTANT")


def same_padding(length, kernel: int, stride: int, dilation: int = 1):
    """Frames that TensorFlow's "same" adds (before, after) so that ceil(length / stride) come out.

    An odd number of frames gets the extra one at the end. With a stride above 1 it depends on the length, and no
    `padding` of torch equals it.

    Args:
        length: frames, a number or a scalar tensor.
    """
    outputs = -(-length // stride)
    total = (outputs - 1) * stride + (kernel - 1) * dilation + 1 - length
    total = max(total, 0) if isinstance(total, int) else tf.maximum(total, 0)
    return total // 2, total - total // 2


def pad_for_conv(x: tf.Tensor, kernel: int, stride: int, padding: int | str, dilation: int, mode: str) -> tf.Tensor:
    """Pads `[batch, time, channels]` so that a valid convolution is what `padding` asks for.

    Args:
        padding: frames on each side, or "same" (zeros, as `same_padding` counts them).
        mode: as in `pad_time`.
    """
    if padding == "same":
        length = x.shape[1] if x.shape[1] is not None else tf.shape(x)[1]
        left, right = same_padding(length, kernel, stride, dilation)
    else:
        left = right = padding
    return pad_time(x, left, right, mode)


def check_padding(padding: int | str, mode: str) -> None:
    """Raises ValueError for a padding that no convolution here has."""
    if mode not in ("zeros", "reflect"):
        raise ValueError(f'padding_mode must be "zeros" or "reflect", received {mode!r}')
    if not (isinstance(padding, int) and padding >= 0) and padding != "same":
        raise ValueError(f'padding must be a number of frames or "same", received {padding!r}')
    if padding == "same" and mode != "zeros":
        raise ValueError('padding "same" is made of zeros; give a number of frames to reflect')


def dilate_kernel(kernel: tf.Tensor, rate: int) -> tf.Tensor:
    """Writes a dilated kernel out with its zeros: `[k, a, b] -> [(k - 1) * rate + 1, a, b]`."""
    if rate == 1:
        return kernel
    taps, a, b = kernel.shape
    spread = tf.pad(kernel[:, None], [[0, 0], [0, rate - 1], [0, 0], [0, 0]])
    return tf.reshape(spread, [taps * rate, a, b])[: (taps - 1) * rate + 1]


def conv_length(length: int | None, kernel: int, stride: int, padding: int | str, dilation: int) -> int | None:
    """Frames that a convolution gives for `length` frames, by torch's formula or for "same"; None stays None."""
    if length is None:
        return None
    if padding == "same":
        return -(-length // stride)
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def conv_transpose_length(
    length: int | None, kernel: int, stride: int, padding: int, output_padding: int, dilation: int
) -> int | None:
    """Frames that a transposed convolution gives for `length` frames, by torch's formula."""
    if length is None:
        return None
    return (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1
