"""Pre-norm in place of post-norm, and the other way round: a block's normalisation that stands elsewhere."""

from collections.abc import Callable, Iterator

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.run import RunSubject, Target

# So many norms behind one are looked at.
_BEHIND = 3


@register(RunSubject)
def norm_in_front(subject: RunSubject) -> Iterator[Hypothesis]:
    """A layer is fed what a norm makes of torch's tensor, and torch calls that norm only later."""
    if subject.target.is_output:
        return
    block, norms = _block(subject)
    fed = dict.fromkeys(call.path for call in subject.calls if call.path.startswith(f"{block}."))
    for norm in (norm for norm in norms if norm not in subject.ended and norm != subject.target.path):
        for path in (subject.target.path, *fed):
            yield Hypothesis(
                "order of norm",
                f"{norm} stands in front of {path} (pre-norm); in torch it comes later (post-norm).",
                "Normalise behind the sum, as torch does.",
                _normalised(norm, path),
                where=_with_counterpart(subject, block),
            )


def _normalised(norm: str, path: str) -> Callable[[RunSubject], np.ndarray | None]:
    def wrong(subject: RunSubject) -> np.ndarray | None:
        if path == subject.target.path:
            return subject.run.applied(norm, subject.torch)
        return subject.run.with_in_front(norm, path, subject.target)

    return wrong


@register(RunSubject)
def norm_behind(subject: RunSubject) -> Iterator[Hypothesis]:
    """A norm is fed what torch, without that norm, feeds to the next one."""
    block, norms = _block(subject)
    norm = subject.target.path
    if subject.target.is_output or norm not in norms:
        return
    every = _norms(subject, "")
    for following in every[every.index(norm) + 1 :][:_BEHIND]:
        yield Hypothesis(
            "order of norm",
            f"{norm} stands behind what it should stand in front of (post-norm); in torch it comes first (pre-norm).",
            "Normalise first, and add what was not normalised.",
            lambda subject, following=following: subject.run.without(norm, [Target(following)])[0],
            where=_with_counterpart(subject, block),
        )


def _block(subject: RunSubject) -> tuple[str, list[str]]:
    """The smallest module around the layer that has norms, and these."""
    path = subject.target.path
    while path:
        path = path.rpartition(".")[0]
        norms = _norms(subject, path)
        if norms:
            return path, norms
    return "", []


def _norms(subject: RunSubject, path: str) -> list[str]:
    """The normalisations in a module, in its order."""
    prefix = f"{path}." if path else ""
    named = subject.run.side.module.named_modules()
    return [name for name, module in named if name.startswith(prefix) and "Norm" in type(module).__name__]


def _with_counterpart(subject: RunSubject, path: str) -> str:
    """The smallest module at or around a path that has a counterpart in Keras."""
    around = [pair for pair in subject.pairs if pair == path or (path.startswith(f"{pair}.") and pair)]
    return max(around, key=len, default=path)
