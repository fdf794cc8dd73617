"""WaveNeXt (Okamoto et al. 2023): a vocoder of ConvNeXt blocks whose last layer writes the samples of a frame."""
