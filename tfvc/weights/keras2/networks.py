"""The layers of each network in the order in which Keras 2 stored them: the order of `model.layers`."""

from tfvc.common.errors import TfvcError
from tfvc.layers import LSTM, WeightNorm
from tfvc.weights.keras2.kinds import ExpectedLayer, batch_norm, lstm, plain, weight_norm


def networks(model) -> dict[str, list[ExpectedLayer]]:
    """Network -> its layers with weights; each network is a file.

    Raises:
        TfvcError: if the model is none that the articles saved.
    """
    known = {"autovc": _autovc, "melgan": _melgan, "melgan_discriminator": _melgan_discriminator}
    if model.name_in_presets not in known:
        raise TfvcError(f"{model.name_in_presets}: no Keras 2 files of it are known; known: {', '.join(known)}")
    return known[model.name_in_presets](model)


def _autovc(model) -> dict[str, list[ExpectedLayer]]:
    encoder, decoder = model.encoder, model.decoder
    return {
        "encoder": [*_convolutions(encoder), *_lstms(encoder.lstm)],
        "decoder": [
            *_lstms(decoder.lstm1),
            *_convolutions(decoder),
            *_lstms(decoder.lstm2),
            plain(decoder.linear_projection),
        ],
        "postnet": _convolutions(model.postnet),
    }


def _melgan(model) -> dict[str, list[ExpectedLayer]]:
    _require_keras_io(model)
    return {"generator": [_convolution(layer) for layer in model.network.convolutions]}


def _melgan_discriminator(model) -> dict[str, list[ExpectedLayer]]:
    """A functional model has its layers sorted by depth: the first of all scales, the second of all scales, ..."""
    _require_keras_io(model)
    by_depth = zip(*(scale.convolutions for scale in model.scales), strict=True)
    return {"discriminator": [_convolution(layer) for layers in by_depth for layer in layers]}


def _require_keras_io(model) -> None:
    if model.config.shape != "keras_io":
        raise TfvcError(f"{model.name_in_presets}: only that of keras.io is a Keras 2 model; take --preset keras_io")


def _convolution(layer) -> ExpectedLayer:
    return weight_norm(layer) if isinstance(layer, WeightNorm) else plain(layer)


def _convolutions(network) -> list[ExpectedLayer]:
    return [of_block for block in network.convolutions for of_block in (plain(block.conv), batch_norm(block.norm))]


def _lstms(layer: LSTM) -> list[ExpectedLayer]:
    """One for each of the stacked layers."""
    width = 2 if layer.bidirectional else 1
    return [lstm(*layer.directions[i : i + width]) for i in range(0, len(layer.directions), width)]
