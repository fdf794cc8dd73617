"""A mel front-end as somebody would write it in each framework: STFT, magnitude, mel matrix."""

from typing import Any

import keras
import librosa
import numpy as np
import tensorflow as tf

from tfvc.cases.layers import without_training
from tfvc.parity import LayerTable, ParityCase

RATE, N_FFT, HOP, MELS = 22050, 1024, 256, 80


class Magnitude(keras.layers.Layer):
    """`[batch, samples] -> [batch, frames, bins]`."""

    def __init__(self, center: bool, window: str, **kwargs):
        super().__init__(**kwargs)
        self.center = center
        self.window = window

    def call(self, x):
        if self.center:
            x = tf.pad(x, [[0, 0], [N_FFT // 2, N_FFT // 2]], mode="REFLECT")
        # In double, as a window of float32 numbers would be no window of float64.
        n = np.arange(N_FFT)
        window = np.ones(N_FFT) if self.window == "ones" else 0.5 - 0.5 * np.cos(2 * np.pi * n / N_FFT)
        frames = tf.signal.frame(x, N_FFT, HOP) * tf.constant(window.astype(np.float32), x.dtype)
        spectrum = tf.signal.rfft(frames)
        return tf.sqrt(tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum)) + 1e-9)


class Mel(keras.layers.Layer):
    """`[batch, frames, bins] -> [batch, frames, mels]`."""

    def __init__(self, htk: bool, **kwargs):
        super().__init__(**kwargs)
        self.matrix = mel_matrix(htk)

    def call(self, x):
        return tf.matmul(x, tf.constant(self.matrix.T, x.dtype))


def mel_matrix(htk: bool = False) -> np.ndarray:
    return librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=MELS, fmin=0, fmax=8000, htk=htk)


class FrontEnd(keras.layers.Layer):
    def __init__(self, center: bool, window: str, htk: bool, **kwargs):
        super().__init__(**kwargs)
        self.stft = Magnitude(center, window)
        self.mel = Mel(htk)

    def call(self, x):
        return self.mel(self.stft(x))


def torch_front_end() -> Any:
    import torch
    from torch import nn

    class TorchMagnitude(nn.Module):
        def __init__(self):
            super().__init__()
            self.center = True
            n = np.arange(N_FFT)
            window = (0.5 - 0.5 * np.cos(2 * np.pi * n / N_FFT)).astype(np.float32)
            self.register_buffer("window", torch.from_numpy(window), persistent=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            spectrum = torch.stft(x, N_FFT, HOP, window=self.window, center=self.center, return_complex=True)
            return (spectrum.real.square() + spectrum.imag.square() + 1e-9).sqrt()

    class TorchMel(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("matrix", torch.from_numpy(mel_matrix()), persistent=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.matrix @ x

    class TorchFrontEnd(nn.Module):
        def __init__(self):
            super().__init__()
            self.stft = TorchMagnitude()
            self.mel = TorchMel()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.mel(self.stft(x))

    return TorchFrontEnd()


def spectrum_case(center: bool = True, window: str = "hann", htk: bool = False) -> ParityCase:
    """Right as it stands; each argument is a way to be wrong."""
    return ParityCase(
        "mel front-end",
        lambda: FrontEnd(center, window, htk),
        torch_front_end,
        LayerTable({"stft": "stft", "mel": "mel"}),
        lambda rng: {"x": rng.uniform(-0.5, 0.5, (2, 8192))},
        keras_forward=without_training,
        torch_forward=lambda module, x: {"output": module(x["x"]).transpose(1, 2)},
    )
