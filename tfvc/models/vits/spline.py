"""Monotonic rational-quadratic splines (Durkan et al. 2019; jaywalnut310/vits, transforms.py)."""

import tensorflow as tf

# Width and height of a bin, and derivative, are at least this.
SMALLEST = 1e-3
BOUND = 5.0


def spline(
    x: tf.Tensor, widths: tf.Tensor, heights: tf.Tensor, derivatives: tf.Tensor, reverse: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """Each number through a spline of its own, or back through it.

    Beyond -5 and 5 a spline is the identity. There the formula gets the end itself in place of the number: what it
    makes of numbers that it does not hold for could be NaN, and a gradient of NaN passes any `tf.where`.

    Args:
        x: `[...]`.
        widths, heights: of the bins, `[..., bins]`; any numbers, of which a softmax is taken.
        derivatives: at the inner knots, `[..., bins - 1]`; any numbers, of which a softplus is taken.
        reverse: back.

    Returns:
        The numbers, and the logarithms of the derivative at them, both `[...]`.
    """
    across, up = _knots(widths), _knots(heights)
    ends = tf.ones_like(widths[..., :1])
    slopes = tf.concat([ends, _number(SMALLEST, x) + tf.math.softplus(derivatives), ends], axis=-1)
    inside = tf.abs(x) <= _number(BOUND, x)
    y = tf.clip_by_value(x, _number(-BOUND, x), _number(BOUND, x))

    bins = widths.shape[-1]
    passed = tf.reduce_sum(tf.cast(y[..., None] >= (up if reverse else across), tf.int32), axis=-1)
    chosen = tf.one_hot(tf.clip_by_value(passed - 1, 0, bins - 1), bins, dtype=x.dtype)

    def of_bin(values):
        return tf.reduce_sum(values * chosen, axis=-1)

    left, width = of_bin(across[..., :-1]), of_bin(across[..., 1:] - across[..., :-1])
    bottom, height = of_bin(up[..., :-1]), of_bin(up[..., 1:] - up[..., :-1])
    first, last = of_bin(slopes[..., :-1]), of_bin(slopes[..., 1:])
    delta = height / width
    bend = first + last - 2 * delta
    # `place` is how far through its bin a number is, from 0 to 1.
    if reverse:
        rise = y - bottom
        a = rise * bend + height * (delta - first)
        b = height * first - rise * bend
        c = -delta * rise
        # Positive for every monotonic spline, but for rounding.
        place = 2 * c / (-b - tf.sqrt(tf.maximum(tf.square(b) - 4 * a * c, _number(0, x))))
        out = place * width + left
    else:
        place = (y - left) / width
    both = place * (1 - place)
    denominator = delta + bend * both
    if not reverse:
        out = bottom + height * (delta * tf.square(place) + first * both) / denominator
    derivative = tf.square(delta) * (last * tf.square(place) + 2 * delta * both + first * tf.square(1 - place))
    log_derivative = tf.math.log(derivative) - 2 * tf.math.log(denominator)
    log_derivative = -log_derivative if reverse else log_derivative
    return tf.where(inside, out, x), tf.where(inside, log_derivative, tf.zeros_like(x))


def _knots(sizes: tf.Tensor) -> tf.Tensor:
    """Where bins begin and end: `[..., bins] -> [..., bins + 1]`, from -5 to 5."""
    bins = sizes.shape[-1]
    sizes = _number(SMALLEST, sizes) + _number(1 - SMALLEST * bins, sizes) * tf.nn.softmax(sizes)
    inner = 2 * BOUND * tf.cumsum(sizes, axis=-1)[..., :-1] - BOUND
    end = tf.fill(tf.shape(inner[..., :1]), _number(BOUND, sizes))
    return tf.concat([-end, inner, end], axis=-1)


def _number(value: float, like: tf.Tensor) -> tf.Tensor:
    return tf.constant(value, like.dtype)
