"""WaveNeXt as a vocoder of tfvc."""

from tfvc.models.vocoder import VocoderModel
from tfvc.weights import TorchKeys
from wavenext.config import WaveNeXtConfig
from wavenext.network import Network


def _pairs(model):
    """Module paths of `torch_model.WaveNeXt` beside our layers."""
    network = model.network
    yield "embed", network.embed
    yield "norm", network.norm
    for i, block in enumerate(network.blocks):
        for name in ("depthwise", "norm", "widen", "narrow", "scale"):
            yield f"blocks.{i}.{name}", getattr(block, name)
    for name in ("last_norm", "to_frame", "to_samples"):
        yield name, getattr(network, name)


class WaveNeXtGenerator(VocoderModel):
    """WaveNeXt's generator: see `VocoderModel`.

    Example:
        generator = WaveNeXtGenerator.from_name("base")
        wave = generator.predict(mels)              # [batch, frames * 256, 1]
    """

    name_in_presets = "wavenext"
    config_class = WaveNeXtConfig
    torch_keys = TorchKeys(_pairs)

    def make_network(self):
        return Network(self.config, name="network", dtype=self.dtype_policy)

    def fused(self):
        return self  # nothing is normalised by a weight norm
