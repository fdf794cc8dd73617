"""HiFi-GAN's discriminators: jik876/hifi-gan, `MultiPeriodDiscriminator` and `MultiScaleDiscriminator`."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Upstream's module paths beside our layers."""
    for name in ("mpd", "msd"):
        for i, discriminator in enumerate(getattr(model, name).discriminators):
            path = f"{name}.discriminators.{i}"
            for j, layer in enumerate(discriminator.convolutions):
                yield f"{path}.convs.{j}", layer
            yield f"{path}.conv_post", discriminator.score


TORCH_KEYS = TorchKeys(pairs, written_under=("mpd", "msd"), read_from=("mpd", "msd"))
