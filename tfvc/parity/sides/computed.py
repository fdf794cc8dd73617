"""Losses and gradients that one phase has computed and the next goes on from."""

from collections.abc import Mapping

import numpy as np

from tfvc.parity.four_of import FourOf

Arrays = Mapping[str, np.ndarray]


class Computed:
    """Losses and gradients of a first training step that a backward pass has computed already, to be taken once."""

    def __init__(self, losses: FourOf[Arrays] | None = None, gradients: FourOf[Arrays] | None = None):
        self._held = None if losses is None else (losses, gradients)

    def __bool__(self) -> bool:
        return self._held is not None

    def take(self) -> tuple[FourOf[Arrays], FourOf[Arrays]]:
        """Gives them and forgets them: they are as large as the models."""
        held, self._held = self._held, None
        return held
