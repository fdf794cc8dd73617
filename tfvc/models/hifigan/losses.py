"""The losses of HiFi-GAN beside that of the mels (upstream's models.py), of maps as the discriminators give them."""

import tensorflow as tf

from tfvc.models.map_losses import Maps, distances, squares_of_discriminator, squares_of_generator, total


def discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """Least squares, summed over periods and scales: real scores should be 1 and fake ones 0."""
    return total(squares_of_discriminator(real, fake))


def adversarial_loss(fake: Maps) -> tf.Tensor:
    """The generator's side of the least squares: fake scores should be 1."""
    return total(squares_of_generator(fake))


def feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """Twice the summed mean L1 distances of all maps. The score counts as a map here, unlike in MelGAN."""
    return 2 * total(distances(real, fake))
