"""Which argument of a Keras layer is which of a torch module: the same name says so, else the same place.

`keras.layers.MultiHeadAttention` takes query, value and key, `torch.nn.MultiheadAttention` query, key and value.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfvc.parity.sides.call import Call
from tfvc.parity.tracing.structure import Slot, put_together, take_apart


def in_order_of(theirs: Call, ours: Call) -> Call:
    """The call of a Keras layer with its inputs in the order in which a torch module takes them.

    They stay as they are unless the tensors of both are arguments of the same names.
    """
    torch_names = _names(theirs.owner.forward, theirs.template)
    keras_names = _names(ours.owner.call, ours.template)
    if torch_names.keys() != keras_names.keys() or len(torch_names) != len(theirs.inputs):
        return ours
    order = [keras_names[name] for name in sorted(torch_names, key=torch_names.get)]
    template = put_together(ours.template, [Slot(order.index(i)) for i in range(len(order))])
    return replace(ours, template=template, inputs=[ours.inputs[i] for i in order])


def _names(function: Callable, template: Any) -> dict[str, int]:
    """The names of the arguments that are tensors -> their index in the inputs; none if that cannot be said."""
    args, kwargs = template
    try:
        bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    except TypeError:
        return {}
    slots = {name: take_apart(value, lambda x: isinstance(x, Slot))[1] for name, value in bound.items()}
    found = {name: of_name[0].index for name, of_name in slots.items() if len(of_name) == 1}
    return found if sum(map(len, slots.values())) == len(found) else {}
