"""AutoVC as in auspicious3000/autovc (model_vc.py, solver_encoder.py), with its state-dict keys.

Mels enter and leave as [batch, time, n_mels], already scaled to about [0, 1]; inside the convolutions the
layout is torch's own [batch, channels, time].
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional


class LinearNorm(nn.Module):
    """Linear layer with Xavier-uniform weights scaled by the gain of the activation that follows."""

    def __init__(self, in_features: int, out_features: int, gain: str = "linear"):
        super().__init__()
        self.linear_layer = nn.Linear(in_features, out_features)
        nn.init.xavier_uniform_(self.linear_layer.weight, gain=nn.init.calculate_gain(gain))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear_layer(x)


class ConvNorm(nn.Module):
    """Length-preserving Conv1d, kernel 5, with Xavier-uniform weights."""

    def __init__(self, in_channels: int, out_channels: int, gain: str = "linear"):
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size=5, padding=2)
        nn.init.xavier_uniform_(self.conv.weight, gain=nn.init.calculate_gain(gain))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def conv_block(in_channels: int, out_channels: int, gain: str) -> nn.Sequential:
    """Convolution and batch norm: keys `0.conv.*` and `1.*`."""
    return nn.Sequential(ConvNorm(in_channels, out_channels, gain), nn.BatchNorm1d(out_channels))


class Encoder(nn.Module):
    """Content encoder: (mel [B, T, n_mels], embedding [B, dim_emb]) -> codes [B, T / freq, 2 neck]."""

    def __init__(self, n_mels: int, dim_emb: int, neck: int, freq: int, conv_channels: int):
        super().__init__()
        self.neck = neck
        self.freq = freq
        widths = [n_mels + dim_emb, conv_channels, conv_channels, conv_channels]
        self.convolutions = nn.ModuleList(conv_block(i, o, "relu") for i, o in pairwise(widths))
        self.lstm = nn.LSTM(conv_channels, neck, num_layers=2, batch_first=True, bidirectional=True)

    def forward(self, mel: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        broadcast = embedding.unsqueeze(1).expand(-1, mel.shape[1], -1)
        x = torch.cat([mel, broadcast], dim=-1).transpose(1, 2)
        for block in self.convolutions:
            x = functional.relu(block(x))
        hidden, _ = self.lstm(x.transpose(1, 2))
        forward, backward = hidden[..., : self.neck], hidden[..., self.neck :]
        # Each direction is read where it has seen its whole segment of `freq` frames.
        return torch.cat([forward[:, self.freq - 1 :: self.freq], backward[:, :: self.freq]], dim=-1)


class Decoder(nn.Module):
    """(codes upsampled to frames ++ target embedding) [B, T, 2 neck + dim_emb] -> mel [B, T, n_mels]."""

    def __init__(self, n_mels: int, dim_emb: int, neck: int, conv_channels: int, lstm1: int, lstm2: int):
        super().__init__()
        self.lstm1 = nn.LSTM(2 * neck + dim_emb, lstm1, batch_first=True)
        widths = [lstm1, conv_channels, conv_channels, conv_channels]
        self.convolutions = nn.ModuleList(conv_block(i, o, "relu") for i, o in pairwise(widths))
        self.lstm2 = nn.LSTM(conv_channels, lstm2, num_layers=2, batch_first=True)
        self.linear_projection = LinearNorm(lstm2, n_mels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.lstm1(x)[0].transpose(1, 2)
        for block in self.convolutions:
            x = functional.relu(block(x))
        x, _ = self.lstm2(x.transpose(1, 2))
        return self.linear_projection(x)


class Postnet(nn.Module):
    """Residual correction of the mel: five convolutions, tanh after all but the last."""

    def __init__(self, n_mels: int, conv_channels: int):
        super().__init__()
        widths = [n_mels, *[conv_channels] * 4, n_mels]
        gains = ["tanh"] * 4 + ["linear"]
        self.convolutions = nn.ModuleList(
            conv_block(i, o, gain) for (i, o), gain in zip(pairwise(widths), gains, strict=True)
        )

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = mel.transpose(1, 2)
        for block in self.convolutions[:-1]:
            x = torch.tanh(block(x))
        return self.convolutions[-1](x).transpose(1, 2)


class Generator(nn.Module):
    """The whole of AutoVC. Upstream calls `neck` dim_neck, and `conv_channels` and `decoder_lstm1` dim_pre.

    Any number of frames: the mel is padded with zeros to a multiple of `freq` and the pad cut off again.
    """

    def __init__(
        self,
        neck: int = 32,
        freq: int = 32,
        n_mels: int = 80,
        dim_emb: int = 256,
        conv_channels: int = 512,
        decoder_lstm1: int = 512,
        decoder_lstm2: int = 1024,
    ):
        super().__init__()
        self.freq = freq
        self.encoder = Encoder(n_mels, dim_emb, neck, freq, conv_channels)
        self.decoder = Decoder(n_mels, dim_emb, neck, conv_channels, decoder_lstm1, decoder_lstm2)
        self.postnet = Postnet(n_mels, conv_channels)

    def encode(self, mel: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """mel [B, T, n_mels], embedding [B, dim_emb] -> codes [B, ceil(T / freq), 2 neck]."""
        return self.encoder(functional.pad(mel, (0, 0, 0, -mel.shape[1] % self.freq)), embedding)

    def forward(
        self, mel: torch.Tensor, source_embedding: torch.Tensor, target_embedding: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mel before the postnet, mel after it (both [B, T, n_mels]), codes."""
        frames = mel.shape[1]
        codes = self.encode(mel, source_embedding)
        upsampled = codes.repeat_interleave(self.freq, dim=1)
        broadcast = target_embedding.unsqueeze(1).expand(-1, upsampled.shape[1], -1)
        mel_out = self.decoder(torch.cat([upsampled, broadcast], dim=-1))
        mel_postnet = mel_out + self.postnet(mel_out)
        return mel_out[:, :frames], mel_postnet[:, :frames], codes

    def losses(
        self,
        mel: torch.Tensor,
        embedding: torch.Tensor,
        lambda_content: float = 1.0,
        upstream_broadcast: bool = False,
        absolute: bool = False,
    ) -> dict[str, torch.Tensor]:
        """Self-reconstruction losses; `loss` is what training minimises.

        `content` compares the codes with those of the re-encoded output, and its gradient flows through the
        re-encoding. `upstream_broadcast` reproduces solver_encoder.py, which compares [B, T, n_mels] with
        [B, 1, T, n_mels]: every utterance is then compared with every other one of the batch. `absolute` takes the
        absolute errors of the mels, which upstream squares.
        """
        mel_out, mel_postnet, codes = self(mel, embedding, embedding)
        codes_again = self.encode(mel_postnet, embedding)
        if upstream_broadcast:
            mel_out, mel_postnet = mel_out.unsqueeze(1), mel_postnet.unsqueeze(1)
        error = torch.abs if absolute else torch.square
        losses = {
            "reconstruction": torch.mean(error(mel_out - mel)),
            "postnet": torch.mean(error(mel_postnet - mel)),
            "content": torch.mean(torch.abs(codes_again - codes)),
        }
        losses["loss"] = losses["reconstruction"] + losses["postnet"] + lambda_content * losses["content"]
        return losses
