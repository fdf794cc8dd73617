"""Speaker encoders: Resemblyzer's `VoiceEncoder` (`linear`) and AutoVC's `D_VECTOR` (`embedding`)."""

from tfvc.weights.torch_keys import TorchKeys


def pairs(model):
    """Upstream's module paths beside our layers. Only Resemblyzer's network ends in a ReLU."""
    yield "lstm", model.lstm
    yield "linear" if model.config.relu else "embedding", model.projection


# Parameters of the loss that the published ge2e weights were trained with; the network has no use for them.
TORCH_KEYS = TorchKeys(pairs, ignored=frozenset({"similarity_weight", "similarity_bias"}))
