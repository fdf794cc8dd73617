"""What torch's side of a case has to know of Keras's weights: which of its tensors are one there."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.dumped.header import Joined
from tfvc.weights import Entry, parts
from tfvc.weights.parts import Parts


@dataclass(frozen=True)
class TorchPart:
    """An entry of several torch tensors, without its Keras variables."""

    name: str
    keys: tuple[str, ...]
    keys_as: Parts

    def join(self, tensors: Sequence[np.ndarray | None], gradient: bool = False) -> np.ndarray:
        """As `Entry.join`."""
        return self.keys_as.join(tensors, gradient)


def planned(entry: Entry) -> Joined:
    """An entry of several torch tensors, to be written down. Raises TfvcError for parts of a kind of one's own."""
    kind = type(entry.keys_as)
    if getattr(parts, kind.__name__, None) is not kind or not is_dataclass(entry.keys_as):
        raise TfvcError(f"{entry.name}: {kind.__name__} is no kind of parts of tfvc.weights, and cannot be dumped")
    return Joined(name=entry.name, keys=entry.keys, parts=kind.__name__, settings=asdict(entry.keys_as))


def restored(plan: Joined, where: str) -> TorchPart:
    """What `planned` wrote down. Raises TfvcError if that is of no known kind."""
    kind = getattr(parts, plan.parts, None)
    settings: Mapping = {k: tuple(v) if isinstance(v, list) else v for k, v in plan.settings.items()}
    try:
        if not (isinstance(kind, type) and issubclass(kind, Parts)):
            raise TypeError("no kind of parts")
        return TorchPart(plan.name, plan.keys, kind(**settings))
    except TypeError:
        raise TfvcError(f"{where}: joined: {plan.name} is of the kind {plan.parts}, which is not known") from None
