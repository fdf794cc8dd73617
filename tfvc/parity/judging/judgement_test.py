import numpy as np
import pytest

from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.four_of import Side
from tfvc.parity.judging.judgement import Sample, judge

OUTPUTS = Stage(Phase.FORWARD, StageKind.OUTPUTS)
RNG = np.random.default_rng(0)
TRUE = RNG.standard_normal((30, 40))


def rounded(x: np.ndarray, units: float = 1.0, seed: int = 1) -> np.ndarray:
    """`x` in float32 with noise of some units of rounding."""
    noise = np.random.default_rng(seed).standard_normal(x.shape) * units * 2.0**-24
    return (x * (1 + noise)).astype(np.float32)


def sample(keras64=TRUE, torch32=None, keras32=None, torch64=TRUE) -> Sample:
    torch32 = rounded(torch64, seed=1) if torch32 is None else torch32
    return Sample(torch64, keras64, torch32, rounded(keras64, seed=2) if keras32 is None else keras32)


def verdict(s: Sample, **settings):
    return judge({"x": s}, OUTPUTS, **settings)[0]


def test_equal_but_for_rounding():
    row = verdict(sample(TRUE * (1 + 1e-15)), precision=True)
    assert not row.failed
    assert row.error64 == pytest.approx(1e-15, rel=0.2)
    assert 0.3 < row.ratio < 2
    assert row.ulps <= 8


def test_one_element_wrong_by_a_billionth():
    wrong = TRUE.copy()
    wrong[3, 4] += 1e-8
    row = verdict(sample(wrong))
    assert row.failed
    assert row.failure(FailureKind.ERROR64).figure == row.error64 > row.bound64
    assert "float64 error" in row.reason


def test_a_factor_that_was_rounded_to_float32():
    row = verdict(sample(TRUE * (1 + 2.0**-25)), precision=True)
    assert row.failed
    assert row.only_rounded
    assert row.failure(FailureKind.ROUNDING).figure == pytest.approx(0.5, rel=1e-6)
    assert row.failure(FailureKind.ROUNDING).side is None


@pytest.mark.parametrize("side", [Side.TORCH64, Side.KERAS64])
def test_the_side_that_was_rounded(side):
    coarse = TRUE.astype(np.float32).astype(np.float64)
    given = sample(coarse) if side is Side.KERAS64 else sample(TRUE, torch64=coarse)
    assert verdict(given).failure(FailureKind.ROUNDING).side is side


def test_what_float32_sees_too_is_no_rounding():
    assert not verdict(sample(TRUE * (1 + 2e-6))).only_rounded
    assert verdict(sample(TRUE * (1 + 2e-6))).failed
    # Noise of Keras's own does not excuse an error.
    assert not verdict(sample(TRUE * (1 + 2e-6), keras32=rounded(TRUE * (1 + 1e-5)))).only_rounded


def test_a_bound_for_trained_weights():
    assert not verdict(sample(TRUE * (1 + 5e-10)), bound=1e-9).failed
    assert verdict(sample(TRUE * (1 + 5e-9)), bound=1e-9).failed


def test_float32_that_does_not_follow_float64():
    row = verdict(sample(keras32=rounded(TRUE * 1.001)), precision=True)
    assert row.failed
    assert row.failure(FailureKind.PRECISION).figure == row.precision
    assert "x torch's" in row.reason


def test_bfloat16_is_lost_precision():
    bits = rounded(TRUE).view(np.uint32) & np.uint32(0xFFFF0000)
    assert verdict(sample(keras32=bits.view(np.float32)), precision=True).failed


@pytest.mark.parametrize("which", ["torch64", "keras64", "torch32", "keras32"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_fails(which, value):
    parts = dict(vars(sample()))
    parts[which] = parts[which].copy()
    parts[which][0, 0] = value
    (failure,) = verdict(Sample(**parts)).failures
    assert failure.kind is FailureKind.NOT_FINITE
    assert failure.side is Side[which.upper()]


def test_not_a_number_on_both_sides_fails_too():
    nothing = np.full((3, 4), np.nan)
    assert verdict(Sample(nothing, nothing, nothing, nothing)).failed


def test_a_shape_that_differs_fails_even_if_it_broadcasts():
    row = verdict(Sample(TRUE, TRUE[:1], TRUE, TRUE[:1]))
    assert row.failed
    (failure,) = row.failures
    assert (failure.kind, failure.torch, failure.keras) == (FailureKind.SHAPE, (30, 40), (1, 40))
    assert "(30, 40)" in row.reason


def test_integers_must_be_equal():
    three, four = np.array(3), np.array(4)
    assert not verdict(Sample(three, three, three, three)).failed
    assert verdict(Sample(three, four, three, four)).failed


def cancelled(error: float = 0.0) -> Sample:
    """A sum of terms of order 1 that is zero but for rounding."""
    residues = [np.random.default_rng(i).standard_normal(50) for i in range(4)]
    t64, k64, t32, k32 = (r * unit for r, unit in zip(residues, [2.0**-53] * 2 + [2.0**-24] * 2, strict=True))
    return Sample(t64, k64 + error, t32.astype(np.float32), (k32 + error).astype(np.float32))


def test_a_tensor_that_cancels_is_judged_by_its_terms():
    row = verdict(cancelled())
    assert not row.failed
    assert row.cancelling
    assert row.error64 < 1e-14


@pytest.mark.parametrize("error", [1.0, 1e-3, 1e-10, 1e-13])
def test_a_wrong_value_does_not_hide_behind_cancelling(error):
    assert verdict(cancelled(error)).failed


def test_a_tensor_of_ordinary_size_does_not_count_as_cancelling():
    noisy = sample(torch32=rounded(TRUE, 2000), keras32=rounded(TRUE, 2000, seed=5))
    row = verdict(noisy)
    assert not row.cancelling
    assert row.bound64 == pytest.approx(1e-10)


def test_both_exactly_zero():
    zero = np.zeros((3, 4))
    row = verdict(Sample(zero, zero, zero.astype(np.float32), zero.astype(np.float32)))
    assert not row.failed
