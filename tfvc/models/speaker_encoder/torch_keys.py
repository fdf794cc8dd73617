"""Speaker encoders: Resemblyzer's `VoiceEncoder` (`linear`) and AutoVC's `D_VECTOR` (`embedding`)."""

WRITTEN_UNDER = READ_FROM = None
# Parameters of the loss that the published ge2e weights were trained with; the network has no use for them.
IGNORED = frozenset({"similarity_weight", "similarity_bias"})


def pairs(model):
    """Upstream's module paths beside our layers. Only Resemblyzer's network ends in a ReLU."""
    yield "lstm", model.lstm
    yield "linear" if model.config.relu else "embedding", model.projection
