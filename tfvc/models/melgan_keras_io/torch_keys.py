"""The generator of the keras.io example, as `torch_ref.melgan_keras_io` has it."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Module paths of torch beside our layers."""
    network = model.network
    yield "conv_pre", network.conv_pre
    for i, stage in enumerate(network.stages):
        upsample, *of_residuals = stage.convolutions
        yield f"blocks.{i}.upsample", upsample
        for j, layer in enumerate(of_residuals):
            yield f"blocks.{i}.convs.{j}", layer
    yield "conv_post", network.conv_post


TORCH_KEYS = TorchKeys(pairs, read_from="generator")
