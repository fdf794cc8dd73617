"""A layer that has the weights of another one of its kind: a line of the weight map that is off by one."""

from collections.abc import Iterator
from typing import Any

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights, on_weights
from tfvc.parity.findings.stage import StageKind


@register(LayerSubject, general=True)
def weights_of_another_layer(subject: LayerSubject) -> Iterator[Hypothesis]:
    """All weights of the module, or of a module in it, are those of another module with the same names and shapes."""
    if subject.what is not StageKind.OUTPUTS or subject.model is None:
        return
    modules = dict(subject.model.named_modules())
    for inner, module in subject.module.named_modules():
        path = ".".join(part for part in (subject.path, inner) if part)
        own = _shapes(module)
        for other, candidate in modules.items():
            if own and other != path and _shapes(candidate) == own:
                yield Hypothesis(
                    "weights of another layer",
                    f"{path} has the weights of {other} in Keras.",
                    "Compare the weight map's pairs: each torch key belongs to one layer.",
                    on_weights(lambda w, i=inner, c=candidate: {**w, **_named(i, c)}),
                )


def _shapes(module: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(p.shape) for name, p in module.named_parameters(recurse=False)}


def _named(inner: str, module: Any) -> Weights:
    """The weights of a module by the names that they have in another one."""
    prefix = f"{inner}." if inner else ""
    return {f"{prefix}{name}": p.detach().double() for name, p in module.named_parameters(recurse=False)}
