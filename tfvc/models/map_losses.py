"""What the losses of vocoders are made of.

A discriminator of several parts gives its maps as a list (parts) of lists (layers); the last of each is the score.
"""

import tensorflow as tf

Maps = list[list[tf.Tensor]]


def squares_of_discriminator(real: Maps, fake: Maps) -> list[tf.Tensor]:
    """Least squares, for each part: mean((real score - 1)^2) + mean(fake score^2)."""
    return [mean(tf.square(r[-1] - 1)) + mean(tf.square(f[-1])) for r, f in zip(real, fake, strict=True)]


def squares_of_generator(fake: Maps) -> list[tf.Tensor]:
    """Least squares, for each part: mean((fake score - 1)^2)."""
    return [mean(tf.square(f[-1] - 1)) for f in fake]


def distances(real: Maps, fake: Maps) -> list[tf.Tensor]:
    """The mean L1 distance of each map, scores included."""
    return [
        mean(tf.abs(r - f))
        for of_real, of_fake in zip(real, fake, strict=True)
        for r, f in zip(of_real, of_fake, strict=True)
    ]


def features(maps: Maps) -> Maps:
    """The maps without the scores."""
    return [of_part[:-1] for of_part in maps]


def total(terms: list[tf.Tensor]) -> tf.Tensor:
    """The sum of scalars, in their order: `tf.add_n` begins with whichever has a buffer that is free at the moment."""
    return tf.reduce_sum(tf.stack(terms))


def mean(x: tf.Tensor) -> tf.Tensor:
    """The mean, never taken in half precision."""
    return tf.reduce_mean(tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x)
