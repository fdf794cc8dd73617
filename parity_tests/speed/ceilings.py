"""What the machine can do at most, measured in the same run."""

import time
from dataclasses import dataclass

import tensorflow as tf
import torch


@dataclass(frozen=True)
class Ceilings:
    """The machine's limits.

    Attributes:
        gflops: single-precision products of large matrices, 1e9 operations a second.
        memory_gbs: reading what no cache holds, 1e9 bytes a second.
        cache_gbs: reading 16 MiB (the recurrent kernel of an LSTM of 1,024 units) over and over.
    """

    gflops: float
    memory_gbs: float
    cache_gbs: float

    def bound_ms(self, flops: float, loaded: float) -> float:
        """The least time that so much work can take, in ms: its arithmetic or its weights, whichever is longer."""
        return 1e3 * max(flops / (self.gflops * 1e9), loaded / (self.cache_gbs * 1e9))


def measure() -> Ceilings:
    """Takes a few seconds. Of each limit the best that either framework reaches counts."""
    size = 2048
    square = torch.randn(size, size)
    same = tf.constant(square.numpy())
    seconds = min(_best(lambda: square @ square), _best(lambda: tf.matmul(same, same)))
    return Ceilings(2 * size**3 / seconds / 1e9, _read_rate(torch.randn(8 * size, 8 * size)), _read_rate(square))


def _read_rate(matrix: torch.Tensor) -> float:
    """1e9 bytes a second: what uses each number once, a sum or a product with a vector, is as fast as they arrive."""
    same = tf.constant(matrix.numpy())
    row = same[:1]
    ways = (matrix.sum, lambda: matrix @ matrix[0], lambda: tf.matmul(row, same, transpose_b=True))
    return 4 * matrix.numel() / min(map(_best, ways)) / 1e9


def _best(work, turns: int = 15) -> float:
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
