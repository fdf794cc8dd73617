"""HiFi-GAN's discriminators: jik876/hifi-gan, `MultiPeriodDiscriminator` and `MultiScaleDiscriminator`."""

WRITTEN_UNDER = READ_FROM = ("mpd", "msd")
IGNORED = frozenset()


def pairs(model):
    """Upstream's module paths beside our layers."""
    for name in READ_FROM:
        for i, discriminator in enumerate(getattr(model, name).discriminators):
            path = f"{name}.discriminators.{i}"
            for j, layer in enumerate(discriminator.convolutions):
                yield f"{path}.convs.{j}", layer
            yield f"{path}.conv_post", discriminator.score
