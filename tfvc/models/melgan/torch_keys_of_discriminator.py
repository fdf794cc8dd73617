"""MelGAN's discriminators: descriptinc/melgan-neurips, `Discriminator` in mel2wav/modules.py."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Upstream's module paths beside our layers."""
    for i, scale in enumerate(model.scales):
        last = len(scale.convolutions) - 1
        for j, layer in enumerate(scale.convolutions):
            # Upstream's first layer is (padding, convolution, LeakyReLU), the last a bare convolution.
            place = {0: ".1", last: ""}.get(j, ".0")
            yield f"model.disc_{i}.model.layer_{j}{place}", layer


TORCH_KEYS = TorchKeys(pairs, read_from="discriminator")
