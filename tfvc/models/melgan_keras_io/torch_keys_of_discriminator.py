"""The discriminators of the keras.io example, as `torch_ref.melgan_keras_io` has them."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Module paths of torch beside our layers."""
    for i, scale in enumerate(model.scales):
        for j, layer in enumerate(scale.convolutions):
            yield f"scales.{i}.convs.{j}", layer


TORCH_KEYS = TorchKeys(pairs, read_from="discriminator")
