"""A layer that has the weights of another one of its kind: a line of the weight map that is off by one."""

from collections.abc import Iterator, Mapping
from typing import Any

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights, on_weights
from tfvc.parity.findings.stage import StageKind

NAME = "weights of another layer"
FIX = "Compare the weight map's pairs: each torch key belongs to one layer."


@register(LayerSubject, general=True)
def weights_of_another_layer(subject: LayerSubject) -> Iterator[Hypothesis]:
    """All weights of the module, or of a module in it, are those of another module with the same names and shapes."""
    if subject.what is not StageKind.OUTPUTS or subject.model is None:
        return
    modules = dict(subject.model.named_modules())
    for inner, module in subject.module.named_modules():
        path = ".".join(part for part in (subject.path, inner) if part)
        for other, candidate in of_the_same_shapes(path, module, modules):
            wrong = on_weights(lambda w, i=inner, c=candidate: {**w, **_named(i, c)})
            yield Hypothesis(NAME, f"{path} has the weights of {other} in Keras.", FIX, wrong)


def of_the_same_shapes(path: str, module: Any, modules: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The other modules whose own weights have the same names and shapes, with their paths; none if it has none."""
    own = _shapes(module)
    for other, candidate in modules.items():
        if own and other != path and _shapes(candidate) == own:
            yield other, candidate


def _shapes(module: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(p.shape) for name, p in module.named_parameters(recurse=False)}


def _named(inner: str, module: Any) -> Weights:
    """The weights of a module by the names that they have in another one."""
    prefix = f"{inner}." if inner else ""
    return {f"{prefix}{name}": p.detach().double() for name, p in module.named_parameters(recurse=False)}
