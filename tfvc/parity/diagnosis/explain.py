"""Does a hypothesis explain an error? The one judge of that.

Measured on the planted bugs of `parity_tests/mutations`, relative to the tensor: what a right hypothesis leaves of an
error is rounding, at most 1.4e-14 in float64 and 1.4e-7 in float32; the nearest that a wrong one came was 6.8e-6 (a
measured momentum, where a biased variance was to blame besides). A small error is nearly explained by much that is
wrong, so a part of it counts too: a right hypothesis leaves at most 1.1e-4 of it, a wrong one that does not fall
under the first bound at least 0.08.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tfvc.parity.diagnosis.hypothesis import Hypothesis, hypotheses_about
from tfvc.parity.diagnosis.subjects.subject import Subject
from tfvc.parity.findings.diagnosis import Evidence
from tfvc.parity.judging.judgement import FORWARD_BOUND

# An explanation may leave this error, and this part of the error without it.
VANISHED, OF_ERROR = 1e-6, 1e-3


@dataclass(frozen=True)
class Explanation:
    """What was tried, what explains the error first; and the hypothesis that does, if one does."""

    hypothesis: Hypothesis | None
    evidence: tuple[Evidence, ...]


def explains(before: float, after: float, rounding: float = 0.0) -> bool:
    """Whether an error has vanished.

    Args:
        before, after: the error without the hypothesis and with it.
        rounding: the error that rounding alone may leave.
    """
    return after <= max(min(VANISHED, OF_ERROR * before), rounding)


def explain(subject: Subject, hypotheses: Iterable[Hypothesis] | None = None) -> Explanation:
    """Tries one hypothesis after the other, by default all that are registered, and stops at the first that explains.

    Args:
        subject: that differs. With `others`, what explains it must explain those too.
        hypotheses: to try.
    """
    before = subject.error()
    tried: list[Evidence] = []
    for hypothesis in hypotheses_about(subject) if hypotheses is None else hypotheses:
        try:
            after = subject.error(hypothesis.wrong)
            right = before > 0 and explains(before, after, subject.rounding) and _explains_others(subject, hypothesis)
        except (RuntimeError, ValueError, IndexError, KeyError):
            continue  # it does not fit these shapes
        tried.append(Evidence(hypothesis.name, before, after, right))
        if right:
            return Explanation(hypothesis, (tried[-1], *tried[:-1]))
    return Explanation(None, tuple(tried))


def _explains_others(subject: Subject, hypothesis: Hypothesis) -> bool:
    """Whether the other results that differ are equal with it, or as good as."""
    return all(explains(other.error(), other.error(hypothesis.wrong), FORWARD_BOUND) for other in subject.others)
