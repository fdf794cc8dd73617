"""Signals that the tests of this folder share."""

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="session")
def speech_like() -> Callable[[int, int, int], np.ndarray]:
    """`speech_like(samples, rate, seed)`: float64 `[samples]`, a gliding voice in syllables, and breath."""

    def make(samples: int, rate: int, seed: int) -> np.ndarray:
        generator = np.random.default_rng(seed)
        time = np.arange(samples) / rate
        pitch = generator.uniform(90, 220) * (1 + 0.2 * np.sin(2 * np.pi * generator.uniform(0.5, 2) * time))
        phase = 2 * np.pi * np.cumsum(pitch) / rate
        formant = generator.uniform(400, 900)
        strengths = [np.exp(-(((k * pitch.mean() - formant) / 900) ** 2)) + 0.3 / k for k in range(1, 21)]
        voice = sum(strength * np.sin(k * phase) for k, strength in enumerate(strengths, 1))
        syllables = np.clip(np.sin(2 * np.pi * generator.uniform(2, 4) * time + generator.uniform(0, 6)), 0, None)
        breath = generator.standard_normal(samples)
        return 0.1 * syllables * voice + 0.002 * (0.2 + syllables) * breath

    return make
