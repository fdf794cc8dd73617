"""A torch module whose dropouts drop nothing, and say what they would have dropped."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import prod
from typing import Any

from tfvc.parity.sides.drop import Drop

# What is asked for: the rate, how many elements are drawn, and the call that drops nothing.
Asked = tuple[float, int, Callable[[], Any]]


def without_dropout(module: Any, drops: list[Drop]) -> Callable[[], AbstractContextManager[None]]:
    """From now on nothing is dropped in a module, as a whole or any part of it by itself.

    Meant are torch's own functions, on which its modules stand; a mask that a module draws by itself stays. Scripted
    modules run without Python, and are left alone.

    Args:
        module: changed by hooks.
        drops: every dropout that is asked for in training is added to it.

    Returns:
        A context in which it is so for what is called beside the modules' own `forward`, too.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    running: list[tuple[str, Any]] = []

    class Without(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            ask = _FUNCTIONS.get(getattr(function, "__name__", ""))
            asked = ask(function, args, kwargs) if ask else None
            if asked is None:
                return function(*args, **kwargs)
            rate, size, bare = asked
            drops.append(Drop(float(rate), int(size), running[-1][0]))
            return bare()

    def enter(path: str) -> None:
        mode = None if running else Without()
        running.append((path, mode))
        if mode is not None:
            mode.__enter__()

    def leave() -> None:
        _, mode = running.pop()
        if mode is not None:
            mode.__exit__(None, None, None)

    for path, part in module.named_modules():
        if not isinstance(part, torch.jit.ScriptModule):
            part.register_forward_pre_hook(lambda module, args, path=path: enter(path))
            part.register_forward_hook(lambda module, args, result: leave(), always_call=True)

    @contextmanager
    def inside() -> Iterator[None]:
        enter("")
        try:
            yield
        finally:
            leave()

    return inside


def _elements(trains: bool, channels: bool = False) -> Callable[..., Asked | None]:
    """Of a function of an input, a rate and whether it trains.

    Args:
        trains: whether it does by default.
        channels: whether whole channels are dropped.
    """

    def ask(function: Any, args: Any, kwargs: Any) -> Asked | None:
        given = {**dict(zip(("input", "p", "training"), args, strict=False)), **kwargs}
        x, rate = given["input"], given.get("p", 0.5)
        if not rate or not given.get("training", given.get("train", trains)):
            return None
        return rate, prod(x.shape[:2]) if channels else x.numel(), lambda: x

    return ask


def _attention(function: Any, args: Any, kwargs: Any) -> Asked | None:
    """Of the weights of `scaled_dot_product_attention`."""
    given = {**dict(zip(("query", "key", "value", "attn_mask", "dropout_p"), args, strict=False)), **kwargs}
    if not given.get("dropout_p"):
        return None
    query, key = given["query"], given["key"]
    bare = (*args[:4], 0.0, *args[5:]) if len(args) > 4 else args
    rest = {name: value for name, value in kwargs.items() if name != "dropout_p"}
    return given["dropout_p"], query.shape[:-1].numel() * key.shape[-2], lambda: function(*bare, **rest)


def _heads(function: Any, args: Any, kwargs: Any) -> Asked | None:
    """Of the weights of `multi_head_attention_forward`, which takes `[time, batch, features]`."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given = bound.arguments
    rate = given["dropout_p"]
    if not rate or not given["training"]:
        return None
    query, key = given["query"], given["key"]
    batch = query.shape[1] if query.dim() == 3 else 1
    keys = key.shape[0] + (given["bias_k"] is not None) + bool(given["add_zero_attn"])
    given["dropout_p"] = 0.0
    return rate, batch * given["num_heads"] * query.shape[0] * keys, lambda: function(*bound.args, **bound.kwargs)


def _recurrent(function: Any, args: Any, kwargs: Any) -> Asked | None:
    """Of what goes from each layer of an RNN to the next."""
    packed = not isinstance(args[3], bool)
    at = 6 if packed else 5
    layers, rate, trains, both = args[at - 1 : at + 3]
    if not rate or not trains or layers < 2:
        return None
    weights = args[3 if packed else 2]
    # Kernel and recurrent kernel; the latter's columns are the units.
    units = weights[1].shape[1] * (2 if both else 1)
    steps = args[0].shape[:1] if packed else args[0].shape[:-1]
    bare = (*args[:at], 0.0, *args[at + 1 :])
    return rate, (layers - 1) * steps.numel() * units, lambda: function(*bare, **kwargs)


_FUNCTIONS: dict[str, Callable[[Any, Any, Any], Asked | None]] = {
    **{name: _elements(trains=True) for name in ("dropout", "dropout_")},
    **{f"dropout{rank}d": _elements(trains=True, channels=True) for rank in (1, 2, 3)},
    **{name: _elements(trains=False) for name in ("alpha_dropout", "alpha_dropout_")},
    **{name: _elements(trains=False, channels=True) for name in ("feature_dropout", "feature_alpha_dropout")},
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _heads,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
}
