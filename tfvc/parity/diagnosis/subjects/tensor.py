"""A tensor between layers that is wrong, though all layers around it are right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.subjects.subject import Subject


@dataclass
class TensorSubject(Subject):
    """A tensor that differs, in torch's layout. A hypothesis's `wrong(tensor)` gives another one from torch's.

    Attributes:
        place: what happens there, or what is given there: the beginning of a sentence.
        torch, keras: the tensor of both.
        is_gradient: whether it is a gradient on its way back.
        earlier: words -> what layers before it take and give.
        inputs: of the whole model, by name.
        terms: what each term of torch's loss alone sends back there.
    """

    place: str
    torch: np.ndarray
    keras: np.ndarray
    is_gradient: bool = False
    earlier: Mapping[str, np.ndarray] = field(default_factory=dict)
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    terms: Mapping[str, np.ndarray] = field(default_factory=dict)

    def error(self, wrong: Callable[[Any], Any] | None = None) -> float:
        import torch

        found = self.torch if wrong is None else wrong(torch.tensor(self.torch)).numpy()
        if found.shape != self.keras.shape:
            return np.inf
        return float(np.linalg.norm(found - self.keras) / max(float(np.linalg.norm(self.keras)), 1e-300))
