"""VITS whole (jaywalnut310/vits, `SynthesizerTrn` in models.py) and OpenVoice's converter, which is a part of it.

All noise is an argument, drawn from N(0, 1) by whoever calls.
"""

import torch
from torch import nn

from .decoder import Decoder
from .durations import DurationPredictor, StochasticDurationPredictor
from .flow import PosteriorEncoder, ResidualCouplingBlock
from .reference_encoder import ReferenceEncoder
from .text_encoder import TextEncoder, sequence_mask

V1_DECODER = {
    "upsample_rates": (8, 8, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4),
    "upsample_initial_channel": 512,
    "resblock": "1",
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
}
PIPER_DECODER = {
    "upsample_rates": (8, 8, 4),
    "upsample_kernel_sizes": (16, 16, 8),
    "upsample_initial_channel": 256,
    "resblock": "2",
    "resblock_kernel_sizes": (3, 5, 7),
    "resblock_dilation_sizes": ((1, 2), (2, 6), (3, 12)),
}
CONFIGS = {
    "ljs": {"n_vocab": 178, "decoder": V1_DECODER},
    "ljs_nosdp": {"n_vocab": 178, "decoder": V1_DECODER, "stochastic": False},
    "vctk": {"n_vocab": 178, "decoder": V1_DECODER, "n_speakers": 109, "gin": 256},
    "piper_medium": {"n_vocab": 256, "decoder": PIPER_DECODER},
}


class Converter(nn.Module):
    """What conversion takes: decoder, posterior encoder, flow. Conditions g are [B, gin, 1], or None.

    `zero_g` lets posterior encoder and decoder see a condition of zeros, as OpenVoice's second version.
    """

    def __init__(
        self,
        decoder: dict,
        bins: int = 513,
        channels: int = 192,
        hidden: int = 192,
        gin: int = 0,
        posterior_layers: int = 16,
        flow_layers: int = 4,
        flows: int = 4,
        wavenet_kernel: int = 5,
        zero_g: bool = False,
    ):
        super().__init__()
        self.zero_g = zero_g
        self.dec = Decoder(channels, gin, **decoder)
        self.enc_q = PosteriorEncoder(bins, channels, hidden, wavenet_kernel, posterior_layers, gin)
        self.flow = ResidualCouplingBlock(channels, hidden, wavenet_kernel, flow_layers, flows, gin)

    def voice_conversion(
        self,
        spectrogram: torch.Tensor,
        lengths: torch.Tensor,
        noise: torch.Tensor,
        source: torch.Tensor | None,
        target: torch.Tensor | None,
    ) -> dict[str, torch.Tensor]:
        """spectrogram [B, bins, T], lengths [B], noise [B, channels, T], conditions -> wave [B, 1, T * hop]."""
        mask = sequence_mask(lengths, spectrogram.shape[2], spectrogram.dtype)
        z, m, logs = self.enc_q(spectrogram, mask, noise, self.outside_flow(source))
        z_p = self.flow(z, mask, source)
        z_hat = self.flow(z_p, mask, target, reverse=True)
        wave = self.dec(z_hat * mask, self.outside_flow(target))
        return {"wave": wave, "z": z, "m": m, "logs": logs, "z_p": z_p, "z_hat": z_hat}

    def outside_flow(self, g: torch.Tensor | None) -> torch.Tensor | None:
        return torch.zeros_like(g) if self.zero_g else g


class ToneConverter(Converter):
    """OpenVoice's tone colour converter: speakers are what a reference encoder makes of their spectrograms."""

    def __init__(self, gin: int = 256, bins: int = 513, filters=(32, 32, 64, 64, 128, 128), units: int = 128, **sizes):
        super().__init__(gin=gin, bins=bins, **sizes)
        self.ref_enc = ReferenceEncoder(bins, gin, filters, units)


class VITS(Converter):
    """`VITS(**CONFIGS["vctk"])`.

    Speakers are rows of a table (`n_speakers`), or embeddings [B, gin] that others make (`embedding` is their size;
    `projected` sends them through a linear layer first), or there is one only.
    """

    def __init__(
        self,
        n_vocab: int,
        decoder: dict,
        bins: int = 513,
        channels: int = 192,
        hidden: int = 192,
        filters: int = 768,
        heads: int = 2,
        layers: int = 6,
        kernel: int = 3,
        window: int = 4,
        dropout: float = 0.1,
        gin: int = 0,
        n_speakers: int = 0,
        embedding: int = 0,
        projected: bool = False,
        stochastic: bool = True,
        duration_filters: int = 256,
        duration_flows: int = 4,
        **sizes,
    ):
        nn.Module.__init__(self)
        text = TextEncoder(n_vocab, channels, hidden, filters, heads, layers, kernel, window, dropout)
        self.enc_p = text  # upstream's state dict begins with it
        parts = Converter(decoder, bins, channels, hidden, gin, **sizes)
        self.zero_g = parts.zero_g
        self.dec, self.enc_q, self.flow = parts.dec, parts.enc_q, parts.flow
        if stochastic:
            self.dp = StochasticDurationPredictor(hidden, 3, 0.5, duration_flows, gin)
        else:
            self.dp = DurationPredictor(hidden, duration_filters, 3, 0.5, gin)
        if n_speakers:
            self.emb_g = nn.Embedding(n_speakers, gin)
        elif projected:
            self.emb_g = nn.Linear(embedding, gin)
        self.stochastic, self.conditioned = stochastic, bool(n_speakers or embedding)

    def speaker(self, speaker: torch.Tensor | None) -> torch.Tensor | None:
        """ids [B] or embeddings [B, size] -> g [B, gin, 1]."""
        if not self.conditioned:
            return None
        return (self.emb_g(speaker) if hasattr(self, "emb_g") else speaker)[..., None]

    def convert(self, spectrogram, lengths, noise, source, target) -> dict[str, torch.Tensor]:
        """`voice_conversion` from one speaker to another, each an id or an embedding."""
        return self.voice_conversion(spectrogram, lengths, noise, self.speaker(source), self.speaker(target))

    def log_durations(self, x, mask, g, noise) -> torch.Tensor:
        """hidden [B, hidden, T], noise [B, 2, T] -> [B, 1, T]."""
        return self.dp(x, mask, noise, g) if self.stochastic else self.dp(x, mask, g)

    def infer(
        self,
        ids: torch.Tensor,
        lengths: torch.Tensor,
        noise: torch.Tensor,
        duration_noise: torch.Tensor,
        speaker: torch.Tensor | None = None,
        noise_scale: float = 0.667,
        length_scale: float = 1.0,
        duration_noise_scale: float = 0.8,
    ) -> dict[str, torch.Tensor]:
        """ids [B, T], duration_noise [B, 2, T], noise [B, channels, at least as many frames as come out]."""
        g = self.speaker(speaker)
        x, m_p, logs_p, mask = self.enc_p(ids, lengths)
        logw = self.log_durations(x, mask, g, duration_noise * duration_noise_scale)
        w = torch.ceil(logw.exp() * mask * length_scale)
        frames = w.sum((1, 2)).clamp(min=1).long()
        y_mask = sequence_mask(frames, int(frames.max()), x.dtype)
        path = alignment(w[:, 0], y_mask[:, 0])
        m_p, logs_p = m_p @ path, logs_p @ path
        z_p = m_p + noise[:, :, : m_p.shape[2]] * logs_p.exp() * noise_scale
        z = self.flow(z_p, y_mask, g, reverse=True)
        wave = self.dec(z * y_mask, self.outside_flow(g))
        return {"wave": wave, "frames": frames, "logw": logw, "m_p": m_p, "logs_p": logs_p, "z_p": z_p, "z": z}


def alignment(durations: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """durations [B, T], mask [B, frames] -> [B, T, frames], 1 where a symbol sounds."""
    end = durations.cumsum(1)[..., None]
    frame = torch.arange(mask.shape[1], device=mask.device)
    sounds = (frame < end) & (frame >= end - durations[..., None])
    return sounds.to(mask.dtype) * mask[:, None]
