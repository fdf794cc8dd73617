"""The losses of both shapes of MelGAN, of maps as the discriminator gives them."""

import tensorflow as tf

from tfvc.models.map_losses import Maps, distances, mean, squares_of_discriminator, squares_of_generator, total


def hinge_discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """descript: the sum over scales of mean(relu(1 - real score)) + mean(relu(1 + fake score))."""
    return total([mean(tf.nn.relu(1 - r[-1])) + mean(tf.nn.relu(1 + f[-1])) for r, f in zip(real, fake, strict=True)])


def hinge_generator_loss(fake: Maps) -> tf.Tensor:
    """descript: minus the mean score, summed over scales."""
    return -total([mean(f[-1]) for f in fake])


def summed_feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """descript: mean L1 distance of each feature map, summed with weights 1 / scales and 4 / 5."""
    features = _features(real)
    return 4.0 / (len(features[0]) - 1) / len(features) * total(distances(features, _features(fake)))


def square_discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """keras.io: the mean over scales of mean((real score - 1)^2) + mean(fake score^2)."""
    return total(squares_of_discriminator(real, fake)) / len(real)


def square_generator_loss(fake: Maps) -> tf.Tensor:
    """keras.io: the mean over scales of mean((fake score - 1)^2)."""
    return total(squares_of_generator(fake)) / len(fake)


def mean_feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """keras.io: the mean over all feature maps of their mean L1 distance."""
    of_layers = distances(_features(real), _features(fake))
    return total(of_layers) / len(of_layers)


def _features(maps: Maps) -> Maps:
    """The maps without the scores."""
    return [of_scale[:-1] for of_scale in maps]
