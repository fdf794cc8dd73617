"""Does a hypothesis explain an error? The one judge of that.

Measured on the planted bugs of `parity_tests/mutations`, relative to the tensor: what a right hypothesis leaves of an
error is rounding, at most 1.4e-14 in float64 and 1.4e-7 in float32; the nearest that a wrong one came was 6.8e-6 (a
measured momentum, where a biased variance was to blame besides). A small error is nearly explained by much that is
wrong, so a part of it counts too: a right hypothesis leaves at most 1.1e-4 of it, a wrong one that does not fall
under the first bound at least 0.08. Where all is float64, what is left must be as small as between right models: an
epsilon of 1e-12 in place of 1e-5 is explained to 1e-3 by one of 1e-8, too.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tfvc.parity.catching import Catching
from tfvc.parity.diagnosis.hypothesis import Hypothesis, hypotheses_about
from tfvc.parity.diagnosis.subjects.subject import Subject
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence
from tfvc.parity.findings.raised import Activity
from tfvc.parity.judging.judgement import FORWARD_BOUND

# An explanation may leave this error, and this part of the error without it.
VANISHED, OF_ERROR = 1e-6, 1e-3
# Of no more elements a number that is measured on them fits by chance.
FEW = 8
# What a hypothesis raises that does not fit these shapes.
DOES_NOT_FIT = (RuntimeError, ValueError, IndexError, KeyError)


@dataclass(frozen=True)
class Explanation:
    """What was tried, what explains the error first; and the hypothesis that does, if one does."""

    hypothesis: Hypothesis | None
    evidence: tuple[Evidence, ...]


def explains(before: float, after: float, rounding: float = 0.0, exact: bool = False) -> bool:
    """Whether an error has vanished.

    Args:
        before, after: the error without the hypothesis and with it.
        rounding: the error that rounding alone may leave.
        exact: whether both were computed in float64 throughout.
    """
    return after <= max(min(FORWARD_BOUND if exact else VANISHED, OF_ERROR * before), rounding)


def explain(subject: Subject, hypotheses: Iterable[Hypothesis] | None = None) -> Explanation:
    """Tries one hypothesis after the other, by default all that are registered, and stops at the first that explains,
    or where the subject is exhausted: what is no longer tried is no evidence.

    One that raises something explains nothing; unless it only does not fit these shapes, the evidence says what.

    Args:
        subject: that differs. With `others`, what explains it must explain those too.
        hypotheses: to try.
    """
    before = subject.error()
    tried: list[Evidence] = []
    for hypothesis in hypotheses_about(subject) if hypotheses is None else hypotheses:
        if subject.exhausted:
            break
        if hypothesis.raised is not None:
            tried.append(Evidence(hypothesis.name, before, math.inf, False, hypothesis.raised))
            continue
        with Catching(activity=Activity.DIAGNOSIS) as caught:
            after = subject.error(hypothesis.wrong)
            right = before > 0 and explains(before, after, subject.rounding, subject.exact)
            right = right and _explains_others(subject, hypothesis)
        if caught.raised:
            if not isinstance(caught.error, DOES_NOT_FIT):
                tried.append(Evidence(hypothesis.name, before, math.inf, False, caught.raised[0]))
            continue
        tried.append(Evidence(hypothesis.name, before, after, right))
        if right:
            return Explanation(hypothesis, (tried[-1], *tried[:-1]))
    return Explanation(None, tuple(tried))


def _explains_others(subject: Subject, hypothesis: Hypothesis) -> bool:
    """Whether the other results that differ are equal with it, or as good as."""
    return all(explains(other.error(), other.error(hypothesis.wrong), FORWARD_BOUND) for other in subject.others)


def or_unexplained(diagnose: Callable[[], Diagnosis], unexplained: Diagnosis) -> Diagnosis:
    """A diagnosis; where something is raised on the way to it, what is known without, and what was raised."""
    with Catching(activity=Activity.DIAGNOSIS) as caught:
        return diagnose()
    evidence = tuple(Evidence("", math.inf, math.inf, False, one) for one in caught.raised)
    return replace(unexplained, evidence=evidence)
