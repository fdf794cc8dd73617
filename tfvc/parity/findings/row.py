"""The verdict on one tensor."""

from dataclasses import dataclass
from enum import StrEnum

from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.stage import Stage
from tfvc.parity.findings.words import failure_words, phase_words, stage_words, where_words

# So many times the measured noise may the float32 error be; `judging.judgement` says why.
NOISE_FACTOR = 4.0


class Verdict(StrEnum):
    """Drift: apart only because two free runs have drifted, while each step by itself is right.

    Tie: decisions that differ only between scores that are alike but for rounding.
    """

    PASS = "pass"
    FAIL = "fail"
    DRIFT = "drift"
    TIE = "tie"


@dataclass(frozen=True)
class Row:
    """The verdict on one tensor. Errors are relative to its `size`: its norm, or that of the terms that cancel in it.

    `ratio` is the float32 error over the measured noise, `precision` Keras's noise over torch's, `ulps` the
    largest float32 difference in units in the last place of the largest element.
    """

    stage: Stage
    key: str
    verdict: Verdict
    failures: tuple[Failure, ...] = ()
    error64: float | None = None
    bound64: float | None = None
    error32: float | None = None
    noise32: float | None = None
    ratio: float | None = None
    precision: float | None = None
    ulps: float | None = None
    cancelling: bool = False
    size: float | None = None

    @property
    def failed(self) -> bool:
        return self.verdict is Verdict.FAIL

    @property
    def only_imprecise(self) -> bool:
        """Whether all that is wrong is a loss of precision in float32."""
        return bool(self.failures) and all(failure.kind is FailureKind.PRECISION for failure in self.failures)

    @property
    def only_rounded(self) -> bool:
        """Whether the float64 error is all that is wrong, and no larger than float32's rounding."""
        return self.failure(FailureKind.ROUNDING) is not None

    def failure(self, kind: FailureKind) -> Failure | None:
        """Its failure of one kind, if it has one."""
        return next((failure for failure in self.failures if failure.kind is kind), None)

    @property
    def reason(self) -> str:
        """Why it fails, in words; empty if it does not."""
        return "; ".join(map(failure_words, self.failures))

    @property
    def place(self) -> tuple[str, str]:
        """Phase (with its step) and stage, in words."""
        return phase_words(self.stage), stage_words(self.stage)

    @property
    def where(self) -> str:
        """Phase, step, stage and key, in words."""
        return where_words(self.stage, self.key)
