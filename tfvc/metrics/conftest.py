"""Voices made for measuring them."""

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="session")
def sung() -> Callable[..., np.ndarray]:
    """`sung(hertz, seconds, rate, formant)`: float32 `[samples]`, a voice that glides by a third, with pauses."""

    def make(hertz: float, seconds: float = 2.0, rate: int = 16000, formant: float = 700.0) -> np.ndarray:
        time = np.arange(round(seconds * rate)) / rate
        pitch = hertz * 2 ** (np.sin(2 * np.pi * 0.7 * time) * 2 / 12)
        phase = 2 * np.pi * np.cumsum(pitch) / rate
        harmonics = range(1, int(0.45 * rate / pitch.max()))
        wave = sum(np.sin(k * phase) * (np.exp(-(((k * hertz - formant) / 500) ** 2)) + 0.7 / k) for k in harmonics)
        loud = np.clip(3 * np.sin(2 * np.pi * 1.3 * time) + 1.5, 0, 1)
        breath = np.random.default_rng(0).normal(0, 3e-4, len(time))
        return (0.08 * loud * wave + breath).astype(np.float32)

    return make
