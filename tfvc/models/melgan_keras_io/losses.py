"""The losses of the keras.io example, of maps as the discriminators give them."""

import tensorflow as tf

from tfvc.models.map_losses import Maps, distances, features, squares_of_discriminator, squares_of_generator, total


def discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """Least squares: the mean over scales of mean((real score - 1)^2) + mean(fake score^2)."""
    return total(squares_of_discriminator(real, fake)) / len(real)


def adversarial_loss(fake: Maps) -> tf.Tensor:
    """The generator's side of the least squares: the mean over scales of mean((fake score - 1)^2)."""
    return total(squares_of_generator(fake)) / len(fake)


def feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """The mean over all feature maps of their mean L1 distance."""
    of_layers = distances(features(real), features(fake))
    return total(of_layers) / len(of_layers)
