"""A loss that is wrong, though all layers are right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tfvc.parity.diagnosis.subjects.subject import Subject


@dataclass
class LossSubject(Subject):
    """A loss that differs. A hypothesis's `wrong(loss)` gives another value from torch's.

    Attributes:
        key: its name.
        torch, keras: all losses of the step, by name.
        shapes: of what the layers give.
    """

    key: str
    torch: Mapping[str, float]
    keras: Mapping[str, float]
    shapes: Sequence[tuple[int, ...]] = ()

    def error(self, wrong: Callable[[float], float] | None = None) -> float:
        theirs, ours = self.torch[self.key], self.keras[self.key]
        found = theirs if wrong is None else wrong(theirs)
        return abs(found - ours) / max(abs(ours), 1e-300)
