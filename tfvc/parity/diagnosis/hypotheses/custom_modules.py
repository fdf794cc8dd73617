"""Modules that somebody wrote: their switches, their buffers, their mel matrix."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypotheses.tensor_changes import arrangements
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, on_weights, with_attributes

_NOT_SWITCHES = {"training"}
_RATES = (16000, 22050, 24000, 32000, 44100, 48000)
_LOWEST, _HIGHEST = (0, 20, 40, 50, 80, 90, 125), (None, 7600, 8000, 11025, 12000)


@register(LayerSubject)
def of_custom_modules(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Hypotheses for a module that is none of torch's own."""
    if type(subject.module).__module__.startswith("torch.nn"):
        return
    for name, value in vars(subject.module).items():
        if isinstance(value, bool) and not name.startswith("_") and name not in _NOT_SWITCHES:
            yield Hypothesis(
                f"attribute: {name}",
                f"The layer does what torch's module would do with {name}={not value}; there {name} is {value}.",
                f"Do in Keras what {name}={value} does in torch.",
                with_attributes(**{name: not value}),
            )
    for name, buffer in subject.buffers.items():
        if buffer.dtype.kind == "f" and buffer.ndim == 2:
            yield from _mel_matrix(subject, name, buffer)
    for name, buffer in subject.buffers.items():
        if buffer.dtype.kind != "f":
            continue
        for kind, words, change in arrangements(buffer.shape):
            yield Hypothesis(
                f"buffer: {kind}",
                f"The layer has torch's {name} {words}.",
                f"Take {name} as data from torch.",
                on_weights(lambda w, name=name, change=change: {**w, name: change(w[name])}),
            )


def _mel_matrix(subject: LayerSubject, name: str, buffer: np.ndarray) -> Iterator[Hypothesis]:
    """If torch's buffer is a mel matrix, the other kinds of mel matrix."""
    import librosa
    import torch

    mels, bins = buffer.shape if buffer.shape[0] < buffer.shape[1] else buffer.shape[::-1]
    known = buffer if buffer.shape[0] < buffer.shape[1] else buffer.T
    n_fft = 2 * (bins - 1)
    if n_fft & (n_fft - 1):
        return

    def matrix(rate: int, low: float, high: float | None, htk: bool, norm: Any) -> np.ndarray:
        return librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=mels, fmin=low, fmax=high, htk=htk, norm=norm)

    kinds = {
        "Slaney's scale and norm": (False, "slaney"),
        "HTK's scale, Slaney's norm": (True, "slaney"),
        "HTK's scale, peaks of 1": (True, None),
        "Slaney's scale, peaks of 1": (False, None),
    }
    ranges = [(r, low, high) for r, low, high in product(_RATES, _LOWEST, _HIGHEST) if (high or 0) <= r / 2]
    for own_kind, setting in kinds.items():
        found = next((r for r in ranges if np.allclose(matrix(*r, *setting), known, atol=1e-6)), None)
        if found is None:
            continue
        for kind, other in kinds.items():
            if kind != own_kind:
                changed = matrix(*found, *other)
                changed = changed if known is buffer else changed.T
                yield Hypothesis(
                    "mel scale",
                    f"The layer's mel matrix has {kind}; torch's has {own_kind}.",
                    "Take the matrix as data (librosa.filters.mel), not from tf.signal.",
                    on_weights(lambda w, m=changed: {**w, name: torch.tensor(m, dtype=w[name].dtype)}),
                )
        return
