"""What the cases of single layers share."""

from typing import Any

from tfvc.parity.case import Tensors
from tfvc.weights import Declared, entries_of


def layer_entries(layer: Any) -> list[Declared]:
    """The weight entries of a single layer: torch's keys without a path."""
    return entries_of("", layer)


def normal_inputs(*shape: int):
    """Draws one input `x` of a shape."""
    return lambda rng: {"x": rng.standard_normal(shape)}


def without_training(layer: Any, inputs: Tensors, training: bool) -> Tensors:
    """Calls a layer that has no training mode."""
    return {"output": layer(inputs["x"])}
