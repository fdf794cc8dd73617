"""Tensors that a side has in one precision only are judged by what is there.

Where both have float64, they must agree as ever; where both have float32, they may differ by `NOISE_FACTOR` times the
noise that is measured on the one side that has both. A bug below that noise cannot be seen then. Without float64 on
either side there is no noise, and nothing to judge by.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Stage
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Measure, measure, verdict_of

# What is there of one tensor.
Part = FourOf[np.ndarray | None]
_OF_FLOAT64, _OF_FLOAT32 = ("error64", "bound64", "precision"), ("error32", "noise32", "ratio", "precision", "ulps")


def can_be_judged(part: Part) -> bool:
    """Whether both sides have one precision, and one side has both of them or both sides float64; integers always."""
    given = [x for x in part if x is not None]
    if not all(np.issubdtype(x.dtype, np.floating) for x in given):
        return True
    return _both(part.float64) or (_both(part.float32) and (part.torch64 is not None or part.keras64 is not None))


def judge_in_part(
    parts: Mapping[str, Part], stage: Stage, bound: float, tolerances: Mapping[str, float] | None = None
) -> list[Row]:
    """One row for each tensor, as `judge` gives them; figures of a precision that is not there are None.

    Args:
        parts: what can be judged.
        stage, bound, tolerances: as for `judge`.
    """
    found = {key: _refusal(part) for key, part in parts.items()}
    measured = {key: _measure(parts[key]) for key, failures in found.items() if failures is None}
    largest = max((m.norm for m in measured.values()), default=0.0)
    rows = []
    for key, part in parts.items():
        figures: dict[str, Any] = {"failures": found[key]}
        if key in measured:
            unknown = _OF_FLOAT32 if _both(part.float64) else _OF_FLOAT64
            figures = verdict_of(replace(measured[key], stage=largest), bound, (tolerances or {}).get(key, 0.0), False)
            figures |= dict.fromkeys(unknown)
        rows.append(Row(stage, key, Verdict.FAIL if figures["failures"] else Verdict.PASS, **figures))
    return rows


def _both(pair: tuple[np.ndarray | None, np.ndarray | None]) -> bool:
    return all(x is not None for x in pair)


def _refusal(part: Part) -> tuple[Failure, ...] | None:
    """Failures that norms have nothing to do with; None if there are none."""
    sides = {side: x for side, x in part.named().items() if x is not None}
    theirs, ours = ([x for side, x in sides.items() if side.is_keras is keras] for keras in (False, True))
    if len({x.shape for x in sides.values()}) > 1:
        return (Failure(FailureKind.SHAPE, theirs[0].shape, ours[0].shape),)
    if not all(np.issubdtype(x.dtype, np.floating) for x in sides.values()):
        equal = all(np.array_equal(x, theirs[0]) for x in sides.values())
        return () if equal else (Failure(FailureKind.INTEGERS),)
    for one, other in (part.float64, part.float32):
        if _both((one, other)) and one.dtype != other.dtype:
            return (Failure(FailureKind.DTYPE, str(one.dtype), str(other.dtype)),)
    bad = next((side for side, x in sides.items() if not np.isfinite(x).all()), None)
    if bad is not None:
        return (Failure(FailureKind.NOT_FINITE, side=bad),)
    if theirs[0].size == 0:
        return ()
    return None if _measure(part) is not None else (Failure(FailureKind.TOO_LARGE),)


def _measure(part: Part) -> Measure | None:
    """The norms, the error of the precision that one side lacks being nothing."""
    noisy = part.torch if _both(part.torch) else part.keras if _both(part.keras) else (part.torch64, part.torch64)
    exact, rounded = noisy
    if _both(part.float64):
        found = measure(FourOf(part.torch64, part.keras64, part.torch64, part.torch64))
        noise = measure(FourOf(exact, exact, rounded, rounded))
        both = found and noise
        return both and replace(
            found, noise_torch=noise.noise_torch, noise_keras=noise.noise_torch, error32=0.0, upper_noise=np.inf
        )
    other = part.keras32 if rounded is part.torch32 else part.torch32
    found = measure(FourOf(exact, exact, rounded, other))
    return found and replace(found, noise_keras=found.noise_torch)
