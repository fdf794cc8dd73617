"""When two tensors are equal.

Four arrays stand behind each verdict: the torch reference and the Keras candidate, each in float64 and in
float32, all from the same float32 numbers. "Error" is the norm of the difference between the frameworks,
"noise" the norm of the difference between the two precisions of one framework.

**Float64.** The error may be 1e-10 of the reference's norm (1e-9 after training steps): there rounding is
invisible and a bug is an error of order 1.

**Cancelling tensors.** The gradient of a bias in front of a batch norm is zero but for rounding; its relative
error says nothing. What cancels in it is measured by its float32 noise: float32 rounds each term by 2**-24 of
itself, so the terms have the size noise * 2**24, and float64 rounds them by 2**-53. A float64 error up to
k * noise * 2**-29 is therefore rounding too. Where that is more than the bound above, the tensor is listed as
cancelling and its errors are given relative to the size of its terms. Nothing else can hide there: noise is
never far above the terms themselves, so the bound stays below 1e-7 of the terms, and a wrong gradient (a
derivative left out, a mean not subtracted) is an error of the order of the terms.

**Float32.** The error may be k times the noise of the *quieter* side. (With the noisier side as the measure, or
with both, the triangle inequality would let everything pass that passes in float64; measured against the
quieter side, the candidate must not lose precision that the reference keeps, nor the other way round.) Noise is
taken as at least `FLOOR` units of rounding of the norm, because a short sum can be exact by chance; a tensor of
fewer than `SMALL` elements is too small a sample of its own noise, so it is given at least the median relative
noise of the tensors it was computed with.

**k** is `NOISE_FACTOR`. NaN, infinity and a shape that differs always fail; integers must be equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfvc.parity.report import Row

NOISE_FACTOR = 16.0
FLOOR = 4.0
SMALL = 64
UNIT32, UNIT64 = 2.0**-24, 2.0**-53
FORWARD_BOUND, TRAINED_BOUND = 1e-10, 1e-9


@dataclass(frozen=True)
class Four:
    """One tensor as torch and Keras computed it, in both precisions; all in torch's layout."""

    torch64: np.ndarray
    keras64: np.ndarray
    torch32: np.ndarray
    keras32: np.ndarray


@dataclass(frozen=True)
class Measure:
    """Absolute norms of one tensor of floats."""

    norm: float
    error64: float
    error32: float
    noise_torch: float
    noise_keras: float
    largest: float
    largest_error32: float
    size: int

    @property
    def quieter(self) -> float:
        return min(self.noise_torch, self.noise_keras)

    @property
    def noisier(self) -> float:
        return max(self.noise_torch, self.noise_keras)


def measure(four: Four) -> Measure:
    """Norms of a tensor and of its errors, in one pass over blocks that stay in the processor's cache."""
    flat = [np.ravel(x) for x in (four.torch64, four.keras64, four.torch32, four.keras32)]
    sums, largest, largest_error = np.zeros(5), 0.0, 0.0
    for start in range(0, flat[0].size, 1 << 16):
        t64, k64, t32, k32 = (x[start : start + (1 << 16)].astype(np.float64) for x in flat)
        error32 = k32 - t32
        parts = (t64, k64 - t64, error32, t32 - t64, k32 - k64)
        sums += [np.dot(part, part) for part in parts]
        largest = max(largest, np.abs(t32).max())
        largest_error = max(largest_error, np.abs(error32).max())
    return Measure(*np.sqrt(sums).tolist(), float(largest), float(largest_error), flat[0].size)


def judge(
    tensors: Mapping[str, Four],
    phase: str,
    stage: str,
    step: int | None = None,
    bound: float = FORWARD_BOUND,
    tolerances: Mapping[str, float] | None = None,
    noise_factor: float = NOISE_FACTOR,
    relative_noise: float = 0.0,
) -> tuple[list[Row], float]:
    """One row for each tensor.

    Args:
        tensors: what was computed, by torch key.
        phase, stage, step: where, for the report.
        bound: the relative float64 error allowed.
        tolerances: absolute float64 errors that rounding of cancelling gradients has left behind, by key.
        noise_factor: k.
        relative_noise: relative float32 noise of what these tensors were computed from, for small tensors.

    Returns:
        The rows, and the median relative noise of the tensors that are no small samples.
    """
    measures, rows = {}, []
    for key, four in tensors.items():
        refusal = _refusal(four)
        if refusal is not None:
            rows.append(Row(phase, stage, step, key, verdict="fail", reason=refusal))
        elif np.issubdtype(four.torch64.dtype, np.floating):
            measures[key] = measure(four)
        else:
            rows.append(Row(phase, stage, step, key, verdict="pass"))
    known = [m.quieter / m.norm for m in measures.values() if m.size >= SMALL and m.norm > m.quieter]
    median = float(np.median(known)) if known else relative_noise
    for key, measured in measures.items():
        tolerance = (tolerances or {}).get(key, 0.0)
        rows.append(
            Row(phase, stage, step, key, **_verdict(measured, bound, tolerance, noise_factor, median))
        )
    return rows, median


def cancellation_tolerance(measured: Measure, noise_factor: float = NOISE_FACTOR) -> float:
    """The absolute float64 error that rounding of cancelling terms explains."""
    return noise_factor * measured.noisier * (UNIT64 / UNIT32)


def _refusal(four: Four) -> str | None:
    arrays = (four.torch64, four.keras64, four.torch32, four.keras32)
    if len({x.shape for x in arrays}) > 1:
        return f"torch has shape {four.torch64.shape}, Keras {four.keras64.shape}"
    if not np.issubdtype(four.torch64.dtype, np.floating):
        same = all(np.array_equal(x, four.torch64) for x in arrays)
        return None if same else "integers differ"
    for name, x in zip(("torch float64", "Keras float64", "torch float32", "Keras float32"), arrays, strict=True):
        if not np.isfinite(x).all():
            return f"{name} is not finite"
    return None


def _verdict(m: Measure, bound: float, tolerance: float, k: float, relative_noise: float) -> dict:
    rounding = max(cancellation_tolerance(m, k), tolerance)
    cancelling = rounding > bound * m.norm
    allowed64 = rounding if cancelling else bound * m.norm
    noise = max(
        m.noisier if cancelling else m.quieter,
        FLOOR * UNIT32 * m.norm,
        relative_noise * m.norm if m.size < SMALL else 0.0,
        # Below the smallest normal number float32 has no digits left, and TensorFlow flushes it to zero.
        np.finfo(np.float32).tiny * np.sqrt(m.size),
    )
    scale = max(m.norm, m.noisier / UNIT32 if cancelling else 0.0, np.finfo(np.float64).tiny)
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
