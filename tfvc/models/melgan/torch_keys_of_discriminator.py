"""MelGAN's discriminators: descriptinc/melgan-neurips, `Discriminator`; keras_io as in `torch_ref`."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Module paths of torch beside our layers."""
    for i, scale in enumerate(model.scales):
        last = len(scale.convolutions) - 1
        for j, layer in enumerate(scale.convolutions):
            yield _path(model.config.shape, i, j, last), layer


def _path(shape: str, scale: int, layer: int, last: int) -> str:
    if shape == "keras_io":
        return f"scales.{scale}.convs.{layer}"
    # Upstream's first layer is (padding, convolution, LeakyReLU), the last a bare convolution.
    place = {0: ".1", last: ""}.get(layer, ".0")
    return f"model.disc_{scale}.model.layer_{layer}{place}"


TORCH_KEYS = TorchKeys(pairs, read_from="discriminator")
