"""The layers of the keras.io MelGAN in the order in which Keras 2 stored them: the order of `model.layers`."""

from tfvc.weights.keras2.kinds import ExpectedLayer, convolution


def generator_layers(model) -> dict[str, list[ExpectedLayer]]:
    """Network -> its layers with weights; each network is a file."""
    return {"generator": [convolution(layer) for layer in model.network.convolutions]}


def discriminator_layers(model) -> dict[str, list[ExpectedLayer]]:
    """A functional model has its layers sorted by depth: the first of all scales, the second of all scales, ..."""
    by_depth = zip(*(scale.convolutions for scale in model.scales), strict=True)
    return {"discriminator": [convolution(layer) for layers in by_depth for layer in layers]}
