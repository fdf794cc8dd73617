"""When two tensors are equal.

Behind each verdict stand four arrays: the torch reference and the Keras candidate, each in float64 and in
float32, all from the same float32 numbers. "Error" is the norm of the difference between the frameworks,
"noise" the norm of the difference between the two precisions of one framework.

**Float64.** The error may be 1e-10 of the reference's norm (1e-9 after training steps): there rounding is
invisible and a bug is an error of order 1.

**Cancelling tensors.** The gradient of a bias in front of a batch norm is zero but for rounding, so an error
relative to it says nothing. It is judged against the terms that cancel in it. Their size is measured: float32
rounds each term by 2**-24 of itself, hence terms = noise / 2**-24, and float64 leaves 2**-53 of them; an error of
`CANCELLATION` * 2**-53 * terms is rounding. (Where float32 happens to be exact, in saturated networks, one unit
of float64 rounding of the largest tensor of the stage takes its place.) This applies only where rounding, by the
noise of *both* frameworks, exceeds the bound above; such tensors are listed, and their errors are given relative
to their terms. A wrong gradient cannot hide there: noise is of the order of the terms only if float32 has no
correct digit, and even then the bound is below 1e-7 of the terms, while a derivative left out or a mean not
subtracted is of their order.

**Float32.** Two bounds.
- The error may be `NOISE_FACTOR` times the larger of the two noises. The triangle inequality gives 2 for models
  that agree in float64, so this holds float32 to what float64 has shown, on tensors of any conditioning.
- The candidate's noise may be `PRECISION_FACTOR` times the reference's, which says that nothing is computed in a
  lower precision than in the reference: half precision, bfloat16 and TensorFloat-32 are 8,000 to 65,000 times
  noisier, while correct models differ by a factor of 1 to 4, and up to 400 where everything cancels (torch sums
  a batch norm's moments in double even in float32, so a mean that is small beside its terms has no noise there).
  A small sample understates noise: n elements do so r-fold with a chance of r**-n, so the reference's noise counts
  10**(2 / n) times, n = (sum d^2)^2 / sum d^4.
  Gradients jump where rounding carries a ReLU or an absolute value across its kink, in one framework and not in
  the other; a precision lost is lost for all inputs, so this bound fails only if it fails for several draws, and
  is not asked of training steps, where jumps add up.

**Float32 on one side.** A constant that has been through float32, or a step that computes in it whatever it is given
(`tf.image.resize`, a table, `Input(dtype="float32")`), is an error in float64 that float32 cannot see: no larger than
the tensor's noise, while the float32 error is within its bound. Measured on such pairs it is 0.02 to 2.7 units of
float32's rounding, 0.7 times the noise at most. Such a failure is told as one, and remains a failure: a constant that
differs by as little looks alike. That one side gives only numbers of float32, and the other does not, proves it.

Noises are taken as at least `FLOOR` units of rounding of the norm: a short sum can be exact by chance. NaN,
infinity and a shape that differs always fail; integers must be equal.
"""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import NOISE_FACTOR, Row, Verdict
from tfvc.parity.findings.stage import Stage
from tfvc.parity.four_of import FourOf, Side
from tfvc.parity.judging.decisions import is_tie

PRECISION_FACTOR = 1024.0
CANCELLATION = 16.0
FLOOR = 4.0
UNIT32, UNIT64 = 2.0**-24, 2.0**-53
FORWARD_BOUND, TRAINED_BOUND = 1e-10, 1e-9
BLOCK = 1 << 13


# One tensor as torch and Keras computed it, in both precisions; all in torch's layout.
Sample = FourOf[np.ndarray]


@dataclass(frozen=True)
class Measure:
    """Absolute norms of one tensor of floats.

    `upper_noise` is torch's noise as high as so small a sample allows; `stage` the norm of the largest tensor
    that was computed with this one.
    """

    norm: float
    error64: float
    error32: float
    noise_torch: float
    noise_keras: float
    upper_noise: float
    largest: float
    largest_error32: float
    stage: float = 0.0

    def rounding(self, noise: float) -> float:
        """The absolute float64 error that is rounding of the terms which leave this noise in float32."""
        return max(CANCELLATION * UNIT64 * (noise / UNIT32), UNIT64 * self.stage)

    @property
    def tolerance(self) -> float:
        """The absolute float64 error that the cancelling of terms explains."""
        return self.rounding(max(self.noise_torch, self.noise_keras))

    def cancels(self, bound: float) -> bool:
        """Whether, by the noise of both frameworks, rounding alone may exceed the relative bound."""
        return self.rounding(min(self.noise_torch, self.noise_keras)) > bound * self.norm


def measure(sample: Sample, small_sample: bool = True) -> Measure | None:
    """Norms of a tensor and of its errors, in one pass over blocks that stay in the processor's cache.

    Args:
        sample: of floats of one shape.
        small_sample: whether torch's noise is also taken as high as so small a sample allows.

    Returns:
        None if something is not finite.
    """
    flat = sample.map(np.ravel)
    squares, fourth_powers, largest, largest_error = np.zeros(5), 0.0, 0.0, 0.0
    with np.errstate(all="ignore"):
        for start in range(0, flat.torch64.size, BLOCK):
            t64, k64, t32, k32 = (x[start : start + BLOCK].astype(np.float64, copy=False) for x in flat)
            error32, noise_torch = k32 - t32, t32 - t64
            squares += [np.dot(x, x) for x in (t64, k64 - t64, error32, noise_torch, k32 - k64)]
            if small_sample:
                noise_torch *= noise_torch
                fourth_powers += float(np.dot(noise_torch, noise_torch))
            largest = max(largest, float(t32.max()), -float(t32.min()))
            largest_error = max(largest_error, float(error32.max()), -float(error32.min()))
    if not np.isfinite(squares).all():
        return None
    effective = max(squares[3] ** 2 / fourth_powers, 1.0) if fourth_powers > 0 else 1.0
    norm, error64, error32, noise_torch, noise_keras = np.sqrt(squares).tolist()
    upper = noise_torch * 10 ** (2 / effective)
    return Measure(norm, error64, error32, noise_torch, noise_keras, upper, largest, largest_error)


def measure_all(samples: Mapping[str, Sample], small_sample: bool = True) -> dict[str, Measure | tuple[Failure, ...]]:
    """For each tensor its measure, knowing the largest of them; or, if norms cannot judge it, `refusal`'s failures."""

    def examine(key: str) -> Measure | tuple[Failure, ...]:
        sample = samples[key]
        failures = refusal(sample)
        if failures is not None:
            return failures
        return measure(sample, small_sample) or _not_finite(sample)

    # NumPy lets go of the interpreter's lock, and the tensors are large.
    with ThreadPoolExecutor(_threads()) as pool:
        found = dict(zip(samples, pool.map(examine, samples), strict=True))
    stage = max((m.norm for m in found.values() if isinstance(m, Measure)), default=0.0)
    return {key: replace(m, stage=stage) if isinstance(m, Measure) else m for key, m in found.items()}


def _threads() -> int:
    """As many as torch may use, whose limits a user sets; where dumps are judged without it, as there are cores."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else os.cpu_count() or 1


def judge(
    samples: Mapping[str, Sample],
    stage: Stage,
    bound: float = FORWARD_BOUND,
    tolerances: Mapping[str, float] | None = None,
    precision: bool = False,
    decisions: Mapping[str, str] | None = None,
    rounded: bool = False,
) -> list[Row]:
    """One row for each tensor.

    Args:
        samples: what was computed, by torch key.
        stage: of all of them.
        bound: the relative float64 error allowed.
        tolerances: absolute float64 errors that rounding of cancelling gradients has left behind, by key.
        precision: whether the noises of the two frameworks are held against each other.
        decisions: name of a tensor of integers -> that of the scores whose largest it names.
        rounded: whether a float64 error passes that is no larger than float32's rounding.
    """
    rows = []
    for key, found in measure_all(samples, precision).items():
        if isinstance(found, Measure):
            verdict = verdict_of(found, bound, (tolerances or {}).get(key, 0.0), precision)
        else:
            verdict = {"failures": found}
        if any(failure.kind is FailureKind.ROUNDING for failure in verdict["failures"]):
            told = tuple(_with_side(failure, samples[key]) for failure in verdict["failures"])
            verdict["failures"] = () if rounded else told
        outcome = Verdict.FAIL if verdict["failures"] else Verdict.PASS
        scores = samples.get((decisions or {}).get(key))
        if outcome is Verdict.FAIL and scores is not None and is_tie(samples[key], scores):
            outcome, verdict = Verdict.TIE, {}
        rows.append(Row(stage, key, outcome, **verdict))
    return rows


def refusal(sample: Sample) -> tuple[Failure, ...] | None:
    """Why norms cannot judge a tensor: its failures, none for integers that are equal; None if they can."""
    theirs = sample.torch64
    if len({x.shape for x in sample}) > 1:
        return (Failure(FailureKind.SHAPE, theirs.shape, sample.keras64.shape),)
    if not np.issubdtype(theirs.dtype, np.floating):
        return () if all(np.array_equal(x, theirs) for x in sample) else (Failure(FailureKind.INTEGERS),)
    for one, other in (sample.float64, sample.float32):
        if one.dtype != other.dtype:
            return (Failure(FailureKind.DTYPE, str(one.dtype), str(other.dtype)),)
    return _not_finite(sample) if theirs.size == 0 else None


def _not_finite(sample: Sample) -> tuple[Failure, ...]:
    """Which of the four is not finite."""
    bad = next((side for side, x in sample.named().items() if not np.isfinite(x).all()), None)
    if bad is not None:
        return (Failure(FailureKind.NOT_FINITE, side=bad),)
    return () if sample.torch64.size == 0 else (Failure(FailureKind.TOO_LARGE),)


def _with_side(failure: Failure, sample: Sample) -> Failure:
    """With the one side whose float64 numbers are all numbers of float32, where that tells what was rounded."""
    if failure.kind is not FailureKind.ROUNDING:
        return failure
    rounded = [np.array_equal(x, x.astype(np.float32)) for x in sample.float64]
    sides = [side for side, whole in zip((Side.TORCH64, Side.KERAS64), rounded, strict=True) if whole]
    return replace(failure, side=sides[0]) if len(sides) == 1 else failure


def verdict_of(m: Measure, bound: float, tolerance: float, precision: bool) -> dict:
    """The figures and failures of a row; the arguments are those of `judge`."""
    cancelling = m.error64 > 0 and (m.cancels(bound) or tolerance > bound * m.norm)
    allowed = max(m.tolerance, tolerance) if cancelling else bound * m.norm
    # Below the smallest normal number float32 has no digits left, and TensorFlow flushes it to zero.
    floor = FLOOR * UNIT32 * m.norm + float(np.finfo(np.float32).tiny)
    noise = max(m.noise_torch, m.noise_keras, floor)
    loss = m.noise_keras / max(m.upper_noise, floor)
    scale = max(m.norm, m.tolerance / UNIT64 / CANCELLATION if cancelling else 0.0, np.finfo(np.float64).tiny)
    failures = []
    if m.error64 > allowed:
        failures.append(Failure(FailureKind.ERROR64, figure=m.error64 / scale, bound=allowed / scale))
    if m.error32 > NOISE_FACTOR * noise:
        failures.append(Failure(FailureKind.ERROR32, figure=m.error32 / noise, bound=NOISE_FACTOR))
    if precision and loss > PRECISION_FACTOR and not cancelling:
        failures.append(Failure(FailureKind.PRECISION, figure=loss, bound=PRECISION_FACTOR))
    least_noise, unit = max(min(m.noise_torch, m.noise_keras), floor), UNIT32 * scale
    if len(failures) == 1 and allowed < m.error64 <= least_noise and not cancelling:
        failures.append(Failure(FailureKind.ROUNDING, figure=m.error64 / unit, bound=least_noise / unit))
    return {
        "failures": tuple(failures),
        "size": scale,
        "error64": m.error64 / scale,
        "bound64": allowed / scale,
        "error32": m.error32 / scale,
        "noise32": noise / scale,
        "ratio": m.error32 / noise,
        "precision": loss,
        # Of a tensor that is all rounding, units in its last place say nothing.
        "ulps": None if cancelling else m.largest_error32 / float(np.spacing(np.float32(m.largest))),
        "cancelling": cancelling,
    }
