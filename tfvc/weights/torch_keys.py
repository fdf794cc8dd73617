"""What upstream calls the tensors of a network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras

from tfvc.weights.entry import Declared

# A network's key in a file; of a model of several networks, all of theirs.
Networks = str | tuple[str, ...] | None


@dataclass(frozen=True)
class TorchKeys:
    """How a network's tensors are named in upstream's files; a model has it as its attribute `torch_keys`.

    Attributes:
        pairs: function from the model to (torch module path, Keras layer), in the order of upstream's state dict; for
            parameters that are of no layer, for tied and for packed ones, an `Entry` in place of the pair.
        written_under: the key under which upstream's code looks for the network, those of its parts, or None if bare.
        read_from: the key under which files of several networks have this one, those of its parts, or None for no key.
        ignored: keys that upstream's files carry beside the network's own.
    """

    pairs: Callable[[Any], Iterator[tuple[str, keras.layers.Layer] | Declared]]
    written_under: Networks = None
    read_from: Networks = None
    ignored: frozenset[str] = frozenset()
