"""Which argument of a Keras layer is which of a torch module: the same name says so, else the same place.

`keras.layers.MultiHeadAttention` takes query, value and key, `torch.nn.MultiheadAttention` query, key and value. A mask
is no input of both: the frameworks give it in other forms (True for what is seen or for what is not; a tensor, a flag
or what an embedding sends along), so each layer keeps the one that its model gave it.
"""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras

from tfvc.parity.sides.call import Call
from tfvc.parity.sides.structure import Slot, put_together, take_apart

# How both frameworks call the argument: mask, attn_mask, key_padding_mask, attention_mask, src_mask, query_mask.
_MASK = "mask"


def aligned(theirs: Call, ours: Call) -> tuple[Call, Call]:
    """A torch module's call and a Keras layer's, the inputs of both in the order in which torch takes them.

    Masks are set aside. The order stays as it is unless the inputs of both are arguments of the same names.
    """
    ours = _complete(ours)
    if _of_torch(theirs.owner) or len(theirs.inputs) != len(ours.inputs):
        theirs, ours = _without_masks(theirs, "forward"), _without_masks(ours, "call")
    torch_names, keras_names = _names("forward", theirs), _names("call", ours)
    if torch_names.keys() != keras_names.keys() or len(torch_names) != len(theirs.inputs):
        return theirs, ours
    order = [keras_names[name] for name in sorted(torch_names, key=torch_names.get)]
    return theirs, _arranged(ours, order, range(len(order), len(order) + len(ours.own)))


def alone(call: Call, function: str) -> Call:
    """A call as it can be said without the other side's: without masks, an attention's inputs in torch's order.

    Args:
        call: of a layer or module.
        function: the name of its method, `call` or `forward`.
    """
    call = _without_masks(_complete(call), function)
    names = _names(function, call)
    if not isinstance(call.owner, keras.layers.MultiHeadAttention) or names.keys() != {"query", "key", "value"}:
        return call
    return _arranged(call, [names[name] for name in ("query", "key", "value")], range(3, 3 + len(call.own)))


def _of_torch(module: Any) -> bool:
    """Whether a module is torch's own; a port of somebody's module takes a mask as that one does."""
    return type(module).__module__.startswith("torch.nn.")


def _complete(ours: Call) -> Call:
    """With what a Keras layer takes for an argument that is left out: the key of an attention is its value."""
    if not isinstance(ours.owner, keras.layers.MultiHeadAttention):
        return ours
    args, kwargs = ours.template
    names = list(_signature(ours.owner, "call").parameters)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    value = given.get("value")
    if given.get("key") is not None or not isinstance(value, Slot):
        return ours
    key = Slot(len(ours.inputs))
    if "key" in names[: len(args)]:
        args = [key if name == "key" else value for name, value in zip(names, args, strict=False)]
    else:
        kwargs = {**kwargs, "key": key}
    return replace(ours, template=(args, kwargs), inputs=[*ours.inputs, ours.inputs[value.index]])


def _without_masks(call: Call, function: str) -> Call:
    slots = _slots(call, function)
    masks = sorted({index for name, indices in slots.items() if name.endswith(_MASK) for index in indices})
    return _arranged(call, [i for i in range(len(call.inputs)) if i not in masks], masks)


def _arranged(call: Call, inputs: Sequence[int], own: Sequence[int]) -> Call:
    """The call with its tensors in another order; those at the places `own` are its own."""
    tensors, order = [*call.inputs, *call.own], [*inputs, *own]
    template = put_together(call.template, [Slot(order.index(i)) for i in range(len(order))])
    return replace(call, template=template, inputs=[tensors[i] for i in inputs], own=[tensors[i] for i in own])


def _names(function: str, call: Call) -> dict[str, int]:
    """The names of the arguments that are inputs -> their index; none if that cannot be said."""
    count = len(call.inputs)
    slots = {name: [i for i in found if i < count] for name, found in _slots(call, function).items()}
    found = {name: indices[0] for name, indices in slots.items() if len(indices) == 1}
    return found if sum(map(len, slots.values())) == len(found) else {}


def _slots(call: Call, function: str) -> dict[str, list[int]]:
    """The names of the arguments -> the places of the tensors in them; none if that cannot be said."""
    args, kwargs = call.template
    try:
        bound = _signature(call.owner, function).bind_partial(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return {}
    return {
        name: [s.index for s in take_apart(value, lambda x: isinstance(x, Slot))[1]] for name, value in bound.items()
    }


def _signature(owner: Any, name: str) -> inspect.Signature:
    """Of the method of this name; of one that passes on whatever it is given, that of the class which says more."""
    functions = [getattr(owner, name), *(vars(kind)[name] for kind in type(owner).__mro__ if name in vars(kind))]
    found = [inspect.signature(function) for function in functions]
    bound, *of_classes = found
    passes_on = any(p.kind is p.VAR_POSITIONAL for p in bound.parameters.values())
    named = (x for x in of_classes if not any(p.kind is p.VAR_POSITIONAL for p in x.parameters.values()))
    said = next(named, None) if passes_on else None
    return bound if said is None else said.replace(parameters=list(said.parameters.values())[1:])
