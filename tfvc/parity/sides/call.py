"""One call of a layer or module."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfvc.parity.sides.structure import put_together


@dataclass
class Call:
    """What a layer or module was called with and gave, in the framework's own tensors.

    Attributes:
        owner: the Keras layer or torch module.
        number: which call of this owner, from 1.
        template: of the arguments: `(args, kwargs)` with slots in place of tensors, `inputs` first, then `own`.
        inputs, outputs: the tensors, flat.
        own: tensors among the arguments that the other framework's layer need not get, such as masks.
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
    own: list[Any] = field(default_factory=list)

    def arguments(self, inputs: Sequence[Any], as_tensor: Callable[[Any], Any] = lambda x: x) -> Any:
        """`(args, kwargs)` with other inputs; what is its own stays, through `as_tensor`."""
        return put_together(self.template, [*inputs, *map(as_tensor, self.own)])
