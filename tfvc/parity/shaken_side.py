"""The reference once more, from numbers that differ in their last bits: a second sample of its noise."""

import numpy as np

from tfvc.parity.torch_side import TorchSide

# In units of float32 rounding: what is below the last four of 24 bits.
SHAKE = 16 * 2.0**-24


class ShakenSide:
    """A torch side whose inputs and weights are each changed by up to `SHAKE` of themselves.

    Args:
        side: the float32 reference.
        seed: of the changes.
    """

    def __init__(self, side: TorchSide, seed: int):
        self.side = side
        self.rng = np.random.default_rng(seed)
        self.state, self.slots, self.step = side.state, side.slots, side.step

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.side.load(self._shaken(state))

    def forward(self, inputs: dict[str, np.ndarray], training: bool) -> dict[str, np.ndarray]:
        return self.side.forward(self._shaken(inputs), training)

    def backward(self, inputs: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return self.side.backward(self._shaken(inputs))

    @property
    def probes(self) -> dict[str, np.ndarray]:
        return self.side.probes

    @probes.setter
    def probes(self, probes: dict[str, np.ndarray]) -> None:
        self.side.probes = probes

    def _shaken(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: self._shake(x) if x.dtype == np.float32 else x for name, x in arrays.items()}

    def _shake(self, x: np.ndarray) -> np.ndarray:
        change = self.rng.uniform(-SHAKE, SHAKE, x.shape)
        return (x.astype(np.float64) * (1 + change)).astype(np.float32)
