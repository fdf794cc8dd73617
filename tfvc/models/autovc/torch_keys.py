"""AutoVC: auspicious3000/autovc, `Generator` in model_vc.py."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Upstream's module paths beside our layers."""
    yield from _convolutions("encoder", model.encoder)
    yield "encoder.lstm", model.encoder.lstm
    yield "decoder.lstm1", model.decoder.lstm1
    yield from _convolutions("decoder", model.decoder)
    yield "decoder.lstm2", model.decoder.lstm2
    yield "decoder.linear_projection.linear_layer", model.decoder.linear_projection
    yield from _convolutions("postnet", model.postnet)


def _convolutions(path, network):
    for i, block in enumerate(network.convolutions):
        yield f"{path}.convolutions.{i}.0.conv", block.conv
        yield f"{path}.convolutions.{i}.1", block.norm


TORCH_KEYS = TorchKeys(pairs, written_under="model", read_from="model")
