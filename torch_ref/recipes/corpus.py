"""A corpus `<speaker>/**/*.{flac,wav}` in the memory of the GPU, where crops are drawn without leaving it.

Everything here can be captured in a CUDA graph: no step waits for the CPU.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch

SUFFIXES = {".flac", ".wav"}


@dataclass(frozen=True)
class Rows:
    """Sequences of different lengths, one after the other in one tensor.

    Attributes:
        values: `[all rows, ...]`.
        starts: where each sequence begins, `[sequences]`.
        lengths: rows of each, `[sequences]`.
    """

    values: torch.Tensor
    starts: torch.Tensor
    lengths: torch.Tensor

    @classmethod
    def of(cls, sequences: Sequence[torch.Tensor]) -> "Rows":
        lengths = torch.tensor([len(sequence) for sequence in sequences], device=sequences[0].device)
        return cls(torch.cat(list(sequences)), lengths.cumsum(0) - lengths, lengths)

    def draw(self, batch: int, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Random crops `[batch, rows, ...]` and which sequence each is from, `[batch]`; none may be shorter."""
        device = self.values.device
        chosen = torch.randint(len(self.lengths), (batch,), device=device)
        place = torch.rand(batch, device=device, dtype=torch.float64) * (self.lengths[chosen] - rows + 1)
        first = self.starts[chosen] + place.long()
        return self.values[first[:, None] + torch.arange(rows, device=device)], chosen


def recordings(folder: Path) -> list[Path]:
    """The sound files of a corpus, in order."""
    return sorted(path for path in Path(folder).rglob("*") if path.suffix in SUFFIXES)


def read_waves(files: Sequence[Path], sample_rate: int, percent: int = 100) -> list[np.ndarray]:
    """Mono float32 waves; at a `percent` above 100 they are played faster, and so higher, than they were spoken."""

    def read(path: Path) -> np.ndarray:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return soxr.resample(wave.mean(axis=1), rate * percent // 100, sample_rate, quality="HQ")

    with ThreadPoolExecutor() as pool:
        return list(pool.map(read, files))


def load_waves(folder: Path, sample_rate: int, device: str) -> Rows:
    """The waves of a corpus, 16-bit."""
    waves = read_waves(recordings(folder), sample_rate)
    return Rows.of(
        [torch.from_numpy((w * 32768).round().clip(-32768, 32767).astype("int16")).to(device) for w in waves]
    )
