"""Two models in, the text of a case out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object
from tfvc.parity.drafting.calling import find_calling, first, one_line
from tfvc.parity.drafting.inputs import InputSpec
from tfvc.parity.drafting.matching import Matching, match


@dataclass(frozen=True)
class Draft:
    """A case as text, and what a reader must know of it.

    Attributes:
        text: of a Python module with a `case`.
        matching: what was paired, and what was left over.
        problem: why the two cannot be called alike yet; empty if they can.
    """

    text: str
    matching: Matching
    problem: str


def draft_case(torch_name: str, keras_name: str, inputs: Sequence[InputSpec] = ()) -> Draft:
    """The case of two models.

    Args:
        torch_name, keras_name: `module:attribute`, a class or a function that makes the model without arguments.
        inputs: what both are called with; of a functional Keras model its own by default.

    Raises:
        TfvcError: if a model cannot be loaded, made or called.
    """
    import torch

    module = _made(torch_name, torch.nn.Module, "a torch module")
    model = _made(keras_name, _keras_layer(), "a Keras model")
    inputs = list(inputs) or _own_inputs(model, keras_name)
    if len({one.name for one in inputs}) < len(inputs):
        raise TfvcError(f"two inputs are called alike ({', '.join(one.name for one in inputs)}); give each a name")
    rng = np.random.default_rng(0)
    arrays = [one.draw(rng) for one in inputs]
    try:
        outputs = model(*arrays)
    except Exception as error:  # a stranger's model may raise anything
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise TfvcError(f"{keras_name} cannot be called with {shapes} ({one_line(error)}); see --input") from error
    found = match(module, model)
    calling = find_calling(module, arrays, tuple(first(outputs).shape))
    template = Environment(
        loader=PackageLoader("tfvc.parity", "drafting"), trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    ).get_template("case.py.jinja")
    text = template.render(
        torch=torch_name.partition(":"),
        keras=keras_name.partition(":"),
        inputs=inputs,
        matching=found,
        calling=calling,
    )
    return Draft(text, found, calling.problem)


def _keras_layer() -> type:
    import keras

    return keras.layers.Layer


def _made(name: str, kind: type, what: str) -> Any:
    maker = load_object(name)
    if isinstance(maker, kind) or not callable(maker):
        raise TfvcError(f"{name} is a {type(maker).__name__}; name a class, or a function that makes {what} each time")
    try:
        found = maker()
    except Exception as error:  # a stranger's model may raise anything
        raise TfvcError(
            f"{name} cannot be made without arguments ({one_line(error)}); name a function that makes {what}"
        ) from error
    if not isinstance(found, kind):
        raise TfvcError(f"{name} makes a {type(found).__name__}, not {what}")
    return found


def _own_inputs(model: Any, name: str) -> list[InputSpec]:
    tensors = getattr(model, "inputs", None)
    if not tensors:
        raise TfvcError(f"{name} does not say what it is called with; give --input for each, as --input x=2,40,80")
    return [InputSpec.of_keras(tensor, number) for number, tensor in enumerate(tensors, start=1)]
