"""AutoVC's layers in the order in which Keras 2 stored them: the order of `model.layers`."""

from tfvc.weights.keras2.kinds import ExpectedLayer, batch_norm, lstms, plain


def layers(model) -> dict[str, list[ExpectedLayer]]:
    """Network -> its layers with weights; each network is a file."""
    encoder, decoder = model.encoder, model.decoder
    return {
        "encoder": [*_convolutions(encoder), *lstms(encoder.lstm)],
        "decoder": [
            *lstms(decoder.lstm1),
            *_convolutions(decoder),
            *lstms(decoder.lstm2),
            plain(decoder.linear_projection),
        ],
        "postnet": _convolutions(model.postnet),
    }


def _convolutions(network) -> list[ExpectedLayer]:
    return [of_block for block in network.convolutions for of_block in (plain(block.conv), batch_norm(block.norm))]
