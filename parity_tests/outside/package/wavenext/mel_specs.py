"""The mels of the wide-band vocoder."""

from tfvc.audio import MelSpec

WAVENEXT_24K = MelSpec(
    sample_rate=24000,
    n_fft=1024,
    win=1024,
    hop=256,
    n_mels=100,
    fmin=0.0,
    fmax=12000.0,
    pad=512,
    mel_scale="htk",
    mel_norm="none",
    floor=1e-7,
)
