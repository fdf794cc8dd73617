"""A loss that differs though what it is computed from is right."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from tfvc.parity.findings.layer import Diagnosis, Evidence
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.samples import Samples
from tfvc.parity.tracing.layer_views import Passage

EQUAL = 1e-6


def diagnose(row: Row, samples: Samples, passages: Sequence[Passage]) -> Diagnosis:
    """What the loss would have to be made of to have Keras's value."""
    theirs = {name: float(sample.torch64) for name, sample in samples.items() if sample.torch64.size == 1}
    ours = {name: float(sample.keras64) for name, sample in samples.items() if sample.keras64.size == 1}
    evidence = []
    if row.key in ours:
        before = abs(ours[row.key] - theirs[row.key]) / max(abs(ours[row.key]), 1e-300)
        for name, value, cause, mend in _hypotheses(row.key, theirs, ours, passages):
            after = abs(value - ours[row.key]) / max(abs(ours[row.key]), 1e-300)
            explains = after <= EQUAL and after <= 1e-3 * before
            evidence.append(Evidence(name, before, after, explains))
            if explains:
                found = tuple(sorted(evidence, key=lambda e: not e.explains))
                return Diagnosis("loss", "loss", "", row, name, cause, mend, found)
    mend = f"All layers are right: compare how {row.key} is computed from the outputs."
    return Diagnosis("loss", "loss", "", row, "", "", mend, tuple(evidence))


def _hypotheses(
    key: str, theirs: dict[str, float], ours: dict[str, float], passages: Sequence[Passage]
) -> Iterator[tuple[str, float, str, str]]:
    """(name, the value it would give, cause, mend)."""
    right = theirs[key]
    yield "loss: sign", -right, f"The loss {key} has the opposite sign.", "Minimise it, do not maximise it."
    if right > 0:
        yield "loss: root", right**0.5, f"The loss {key} is the root of torch's.", "Do not take the root."
        yield "loss: square", right**2, f"The loss {key} is the square of torch's.", "Do not square it."
    shapes = {p.outputs[name][0].shape for p in passages for name in p.outputs}
    sizes: dict[int, str] = {}
    for shape in sorted(shapes):
        for count in range(1, len(shape) + 1):
            for axes in combinations(range(len(shape)), count):
                sizes.setdefault(int(np.prod([shape[a] for a in axes])), f"axes {axes} of a tensor of shape {shape}")
    for size, where in sizes.items():
        if size > 1:
            yield (
                "loss: sum",
                right * size,
                f"The loss {key} is {size} times torch's: a sum over {where} where torch takes the mean.",
                "Take the mean over all axes, the batch included.",
            )
            yield (
                "loss: mean",
                right / size,
                f"The loss {key} is torch's divided by {size}: a mean over {where} where torch takes the sum.",
                "Sum over those axes.",
            )
    yield "loss: half", right / 2, f"The loss {key} is half of torch's.", "Take the mean square without the factor 1/2."
    yield "loss: twice", right * 2, f"The loss {key} is twice torch's.", "Take away the factor 2."
    for name, value in theirs.items():
        if name != key and value:
            weight = (ours[key] - right) / value
            # Some weight always fits one number; only a round one says anything.
            if abs(weight) > 1e-9 and abs(weight - float(f"{weight:.2g}")) < 1e-9 * abs(weight):
                words = f"{abs(weight):.6g} times {name} too {'much' if weight > 0 else 'little'}"
                yield (
                    "loss: weight",
                    right + weight * value,
                    f"The loss {key} has {words}.",
                    f"Check the weight of {name}.",
                )
