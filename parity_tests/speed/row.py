"""What is timed: one piece of work, done by each of the three."""

from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """The same work by tfvc, PyTorch and stock Keras; each callable does it once and returns when it is done.

    Attributes:
        tfvc, torch, keras: the work; None where there is no peer.
        flops: floating point operations of the work, as matrix products and convolutions count; 0 where unknown.
        loaded: bytes of weights that must come from a cache or from memory at least, counted anew for each step of a
            recurrence.
        audio_s: seconds of sound that the work makes or reads; 0 where it does not.
        note: what a reader must know, for instance why a peer is missing.
    """

    tfvc: Work
    torch: Work | None = None
    keras: Work | None = None
    flops: float = 0.0
    loaded: float = 0.0
    audio_s: float = 0.0
    note: str = ""

    @property
    def peers(self) -> dict[str, Work]:
        """Those that do the work, by name."""
        named = {"tfvc": self.tfvc, "torch": self.torch, "keras": self.keras}
        return {name: work for name, work in named.items() if work is not None}
