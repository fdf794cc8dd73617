"""MelGAN's losses (descriptinc/melgan-neurips, scripts/train.py), of maps as the discriminators give them."""

import tensorflow as tf

from tfvc.models.map_losses import Maps, distances, features, mean, total


def discriminator_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """Hinge: the sum over scales of mean(relu(1 - real score)) + mean(relu(1 + fake score))."""
    return total([mean(tf.nn.relu(1 - r[-1])) + mean(tf.nn.relu(1 + f[-1])) for r, f in zip(real, fake, strict=True)])


def adversarial_loss(fake: Maps) -> tf.Tensor:
    """Minus the mean score, summed over scales."""
    return -total([mean(f[-1]) for f in fake])


def feature_loss(real: Maps, fake: Maps) -> tf.Tensor:
    """The mean L1 distance of each feature map, summed with weights 1 / scales and 4 / 5."""
    maps = features(real)
    return 4.0 / (len(maps[0]) - 1) / len(maps) * total(distances(maps, features(fake)))
