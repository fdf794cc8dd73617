"""MelGAN's generator: descriptinc/melgan-neurips, `Generator` in mel2wav/modules.py; keras_io as in `torch_ref`."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Module paths of torch beside our layers."""
    network = model.network
    yield from (_descript if model.config.shape == "descript" else _keras_io)(network)


def _descript(network):
    yield "model.1", network.conv_pre
    position = 2
    for stage in network.stages:
        yield f"model.{position + 1}", stage.upsample  # behind its LeakyReLU
        position += 2
        for residual in stage.residuals:
            yield f"model.{position}.block.2", residual.dilated
            yield f"model.{position}.block.4", residual.pointwise
            yield f"model.{position}.shortcut", residual.shortcut
            position += 1
    yield f"model.{position + 2}", network.conv_post  # behind LeakyReLU and padding


def _keras_io(network):
    yield "conv_pre", network.conv_pre
    for i, stage in enumerate(network.stages):
        yield f"blocks.{i}.upsample", stage.upsample
        convolutions = [layer for residual in stage.residuals for layer in residual.convolutions]
        for j, layer in enumerate(convolutions):
            yield f"blocks.{i}.convs.{j}", layer
    yield "conv_post", network.conv_post


TORCH_KEYS = TorchKeys(pairs, read_from="generator")
