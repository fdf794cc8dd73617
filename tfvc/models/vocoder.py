"""What a model is that speaks a mel: the base of every generator that `--vocoder` takes."""

from typing import Self

from tfvc.models.preset import PresetModel


class VocoderModel(PresetModel):
    """A `PresetModel` from a mel `[batch, frames, n_mels]` to a waveform `[batch, frames * hop, 1]`.

    To be a vocoder is to derive from this class: presets of every such model can be named wherever a vocoder can.
    """

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return self.config.hop

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        raise NotImplementedError

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes."""
        return 1

    def fused(self) -> Self:
        """The same model as it is fastest in inference: without weight normalisation."""
        raise NotImplementedError
