"""The losses of both shapes of MelGAN. Maps are lists (scales) of lists (layers) as the discriminator gives them."""

import tensorflow as tf

Maps = list[list[tf.Tensor]]


def hinge_discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """descript: the sum over scales of mean(relu(1 - real score)) + mean(relu(1 + fake score))."""
    return tf.add_n(
        [_mean(tf.nn.relu(1 - r[-1])) + _mean(tf.nn.relu(1 + f[-1])) for r, f in zip(real, fake, strict=True)]
    )


def hinge_generator_loss(fake: Maps) -> tf.Tensor:
    """descript: minus the mean score, summed over scales."""
    return -tf.add_n([_mean(f[-1]) for f in fake])


def summed_feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """descript: mean L1 distance of each feature map, summed with weights 1 / scales and 4 / 5."""
    return 4.0 / (_layers(real) - 1) / len(real) * tf.add_n(_distances(real, fake))


def square_discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """keras.io: the mean over scales of mean((real score - 1)^2) + mean(fake score^2)."""
    return tf.add_n(
        [_mean(tf.square(r[-1] - 1)) + _mean(tf.square(f[-1])) for r, f in zip(real, fake, strict=True)]
    ) / len(real)


def square_generator_loss(fake: Maps) -> tf.Tensor:
    """keras.io: the mean over scales of mean((fake score - 1)^2)."""
    return tf.add_n([_mean(tf.square(f[-1] - 1)) for f in fake]) / len(fake)


def mean_feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """keras.io: the mean over all feature maps of their mean L1 distance."""
    distances = _distances(real, fake)
    return tf.add_n(distances) / len(distances)


def _layers(maps: Maps) -> int:
    """Feature maps of a scale."""
    return len(maps[0]) - 1


def _distances(real: Maps, fake: Maps) -> list[tf.Tensor]:
    return [
        _mean(tf.abs(r - f))
        for of_real, of_fake in zip(real, fake, strict=True)
        for r, f in zip(of_real[:-1], of_fake[:-1], strict=True)
    ]


def _mean(x: tf.Tensor) -> tf.Tensor:
    """The mean, never taken in half precision."""
    return tf.reduce_mean(tf.cast(x, tf.float32) if x.dtype in (tf.float16, tf.bfloat16) else x)
