"""When two tensors are equal.

Behind each verdict stand the torch reference and the Keras candidate, each in float64 and in float32, all from
the same float32 numbers, and the reference in float32 once more with every input and weight *shaken* in its
last four bits. "Error" is the norm of the difference between the frameworks, "noise" the norm of the difference
between the two precisions of one of them.

**Float64.** The error may be 1e-10 of the reference's norm (1e-9 after training steps): there rounding is
invisible and a bug is an error of order 1.

**Cancelling tensors.** The gradient of a bias in front of a batch norm is zero but for rounding; its relative
error says nothing. What cancels in it is measured by its float32 noise: float32 rounds each term by 2**-24 of
itself, so the terms have the size noise * 2**24, and float64 rounds them by 2**-53. A float64 error up to
k * noise * 2**-29 is therefore rounding too. Where that is more than the bound above, by the noise of either
framework, the tensor is listed as cancelling and its errors are given relative to the size of its terms. Nothing
else can hide there: noise is never far above the terms themselves, so the bound stays below 1e-6 of the terms,
and a wrong gradient (a derivative left out, a mean not subtracted) is an error of the order of the terms.

**Float32.** The error may be k times the *reference's* noise. (With the candidate's own noise as a measure the
triangle inequality would let everything pass that passes in float64.) One float32 run is a poor sample of the
noise: a gradient jumps where rounding carries a ReLU or an absolute value across its kink, and a run without
such a jump says nothing of those to come. The shaken run adds what the reference does when its numbers change
by sixteen units of rounding; the larger of the two counts. n elements still understate their spread r-fold with
a chance of r**-n, which matters for a loss, a short bias, and wherever a few ill-conditioned elements carry
all of the noise; so a noise of n effective elements, n = (sum d^2)^2 / sum d^4, counts 10**(2 / n) times. It is
taken as at least `FLOOR` units of rounding of the norm, because a short sum can be exact by chance.

**k** is `NOISE_FACTOR`. NaN, infinity and a shape that differs always fail; integers must be equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfvc.parity.report import Row

NOISE_FACTOR = 16.0
FLOOR = 4.0
UNIT32, UNIT64 = 2.0**-24, 2.0**-53
FORWARD_BOUND, TRAINED_BOUND = 1e-10, 1e-9
BLOCK = 1 << 16


@dataclass(frozen=True)
class Sample:
    """One tensor as torch and Keras computed it, in both precisions; all in torch's layout."""

    torch64: np.ndarray
    keras64: np.ndarray
    torch32: np.ndarray
    keras32: np.ndarray
    shaken32: np.ndarray


@dataclass(frozen=True)
class Measure:
    """Absolute norms of one tensor of floats; `noise` is the upper estimate of the reference's float32 noise."""

    norm: float
    error64: float
    error32: float
    noise_torch: float
    noise_keras: float
    noise: float
    largest: float
    largest_error32: float
    size: int


def measure(sample: Sample) -> Measure:
    """Norms of a tensor and of its errors, in one pass over blocks that stay in the processor's cache."""
    arrays = (sample.torch64, sample.keras64, sample.torch32, sample.keras32, sample.shaken32)
    flat = [np.ravel(x) for x in arrays]
    squares, fourths, largest, largest_error = np.zeros(6), np.zeros(2), 0.0, 0.0
    for start in range(0, flat[0].size, BLOCK):
        t64, k64, t32, k32, s32 = (x[start : start + BLOCK].astype(np.float64) for x in flat)
        error32, torch, keras, shaken = k32 - t32, t32 - t64, k32 - k64, s32 - t64
        squares += [np.dot(x, x) for x in (t64, k64 - t64, error32, torch, keras, shaken)]
        fourths += [np.sum(np.square(np.square(x))) for x in (torch, shaken)]
        largest = max(largest, np.abs(t32).max())
        largest_error = max(largest_error, np.abs(error32).max())
    norm, error64, error32, torch, keras, shaken = np.sqrt(squares).tolist()
    estimates = [_upper_estimate(torch, fourths[0]), _upper_estimate(shaken, fourths[1])]
    return Measure(
        norm, error64, error32, torch, keras, max(estimates), float(largest), float(largest_error), flat[0].size
    )


def _upper_estimate(noise: float, fourth_powers: float) -> float:
    effective = max(noise**4 / fourth_powers, 1.0) if fourth_powers > 0 else 1.0
    return noise * 10 ** (2 / effective)


def judge(
    tensors: Mapping[str, Sample],
    phase: str,
    stage: str,
    step: int | None = None,
    bound: float = FORWARD_BOUND,
    tolerances: Mapping[str, float] | None = None,
    noise_factor: float = NOISE_FACTOR,
) -> list[Row]:
    """One row for each tensor.

    Args:
        tensors: what was computed, by torch key.
        phase, stage, step: where, for the report.
        bound: the relative float64 error allowed.
        tolerances: absolute float64 errors that rounding of cancelling gradients has left behind, by key.
        noise_factor: k.
    """
    rows = []
    for key, sample in tensors.items():
        refusal = _refusal(sample)
        if refusal is not None:
            verdict = {"verdict": "fail", "reason": refusal}
        elif np.issubdtype(sample.torch64.dtype, np.floating):
            verdict = _verdict(measure(sample), bound, (tolerances or {}).get(key, 0.0), noise_factor)
        else:
            verdict = {"verdict": "pass"}
        rows.append(Row(phase, stage, step, key, **verdict))
    return rows


def cancellation_tolerance(m: Measure, noise_factor: float = NOISE_FACTOR) -> float:
    """The absolute float64 error that rounding of cancelling terms explains."""
    return noise_factor * max(m.noise_torch, m.noise_keras) * (UNIT64 / UNIT32)


def is_cancelling(m: Measure, bound: float, noise_factor: float = NOISE_FACTOR) -> bool:
    """Whether, by the noise of either framework, rounding alone may exceed the relative bound."""
    return noise_factor * min(m.noise_torch, m.noise_keras) * (UNIT64 / UNIT32) > bound * m.norm


def _refusal(sample: Sample) -> str | None:
    arrays = (sample.torch64, sample.keras64, sample.torch32, sample.keras32, sample.shaken32)
    if len({x.shape for x in arrays}) > 1:
        return f"torch has shape {sample.torch64.shape}, Keras {sample.keras64.shape}"
    if not np.issubdtype(sample.torch64.dtype, np.floating):
        same = all(np.array_equal(x, sample.torch64) for x in arrays)
        return None if same else "integers differ"
    for name, x in zip(("torch float64", "Keras float64", "torch float32", "Keras float32"), arrays, strict=False):
        if not np.isfinite(x).all():
            return f"{name} is not finite"
    return None


def _verdict(m: Measure, bound: float, tolerance: float, k: float) -> dict:
    cancelling = is_cancelling(m, bound, k) or tolerance > bound * m.norm
    allowed64 = max(cancellation_tolerance(m, k), tolerance) if cancelling else bound * m.norm
    noise = max(
        m.noise,
        m.noise_keras if cancelling else 0.0,
        FLOOR * UNIT32 * m.norm,
        # Below the smallest normal number float32 has no digits left, and TensorFlow flushes it to zero.
        np.finfo(np.float32).tiny * np.sqrt(m.size),
    )
    terms = max(m.noise_torch, m.noise_keras) / UNIT32 if cancelling else 0.0
    scale = max(m.norm, terms, np.finfo(np.float64).tiny)
    reasons = []
    if m.error64 > allowed64:
        reasons.append(f"float64 error {m.error64 / scale:.1e} > {allowed64 / scale:.1e}")
    if m.error32 > k * noise:
        reasons.append(f"float32 error is {m.error32 / noise:.1f} x noise")
    return {
        "verdict": "fail" if reasons else "pass",
        "reason": "; ".join(reasons),
        "error64": m.error64 / scale,
        "bound64": allowed64 / scale,
        "error32": m.error32 / scale,
        "noise32": noise / scale,
        "ratio": m.error32 / noise,
        "ulps": m.largest_error32 / float(np.spacing(np.float32(m.largest))),
        "cancelling": cancelling,
    }
