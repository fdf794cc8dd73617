"""One call of a layer or module."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """What a layer or module was called with and gave, in the framework's own tensors.

    Attributes:
        owner: the Keras layer or torch module.
        number: which call of this owner, from 1.
        template: of the arguments: `(args, kwargs)` with slots in place of tensors.
        inputs, outputs: the tensors, flat.
        cotangents: of a torch module, the gradients that came back to its outputs; None for those that got none.
        bare: whether the outputs are those before the activation that is built into the Keras layer.
    """

    owner: Any
    number: int
    template: Any
    inputs: list[Any]
    outputs: list[Any] = field(default_factory=list)
    bare: bool = False
    cotangents: list[Any] = field(default_factory=list)
