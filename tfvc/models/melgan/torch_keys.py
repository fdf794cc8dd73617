"""MelGAN's generator: descriptinc/melgan-neurips, `Generator` in mel2wav/modules.py."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Upstream's module paths beside our layers."""
    network = model.network
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


TORCH_KEYS = TorchKeys(pairs, read_from="generator")
