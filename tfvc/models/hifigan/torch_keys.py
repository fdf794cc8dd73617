"""HiFi-GAN's generator: jik876/hifi-gan, `Generator` in models.py."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Upstream's module paths beside our layers."""
    yield from network_pairs(model.network)


def network_pairs(network):
    """The paths of the network by itself, which is a part of other models too."""
    yield "conv_pre", network.conv_pre
    for i, up in enumerate(network.ups):
        yield f"ups.{i}", up
    blocks = [block for stage in network.resblocks for block in stage]
    for i, block in enumerate(blocks):
        dilated = "convs1" if block.plain else "convs"
        for j, layer in enumerate(block.dilated):
            yield f"resblocks.{i}.{dilated}.{j}", layer
        for j, layer in enumerate(block.plain):
            yield f"resblocks.{i}.convs2.{j}", layer
    yield "conv_post", network.conv_post


TORCH_KEYS = TorchKeys(pairs, written_under="generator", read_from="generator")
