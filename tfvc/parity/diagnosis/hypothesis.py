"""Known differences between the frameworks, and the registry of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from tfvc.common.plugins import plugins
from tfvc.parity.catching import Catching
from tfvc.parity.diagnosis.subjects.subject import Subject
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.raised import Activity, Raised

GROUP = "tfvc.diagnoses"


@dataclass(frozen=True)
class Hypothesis:
    """A known difference: a way in which a port may be wrong.

    It is tried by making torch's reference wrong in the same way. Where the reference then gives what Keras gives, the
    cause has been found.

    Attributes:
        name: short, as evidence lists it.
        cause, fix: a sentence each.
        wrong: makes the reference wrong; what it takes and gives, the subject says (`LayerSubject`, `TensorSubject`,
            `RunSubject`, `LossSubject`, `StepSubject`). One that raises a RuntimeError, ValueError, IndexError or
            KeyError does not fit these shapes, and explains nothing; what else it raises is told.
        fault: what is wrong, if that is something else than where it was seen.
        where, keras: torch's module and Keras's layer in which it is, if that is said more closely.
        raised: what was raised as it was made; it is then not tried.
    """

    name: str
    cause: str
    fix: str
    wrong: Callable[..., Any]
    fault: Fault | None = None
    where: str | None = None
    keras: str = ""
    raised: Raised | None = None


Hypotheses = Callable[[Any], Iterable[Hypothesis]]
F = TypeVar("F", bound=Hypotheses)


@dataclass(frozen=True)
class _Group:
    """Hypotheses that are registered together, and what they are about."""

    subject: type[Subject]
    kinds: frozenset[str]
    general: bool
    hypotheses: Hypotheses

    def is_about(self, subject: Subject) -> bool:
        return type(subject) is self.subject and (not self.kinds or bool(self.kinds & subject.kinds))


_GROUPS: list[_Group] = []


def register(subject: type[Subject], *kinds: type | str, general: bool = False) -> Callable[[F], F]:
    """A decorator: the function gives hypotheses about a kind of subject.

        @register(LayerSubject, "Softplus")
        def softplus(subject):
            yield Hypothesis("softplus: beta", "Beta is 2, torch's 1.", "Pass beta=1.", with_attributes(beta=2.0))

    A package adds its own in a module that it names in the entry-point group `tfvc.diagnoses`.

    Args:
        subject: what it is tried on: `LayerSubject`, `TensorSubject`, `RunSubject`, `LossSubject`, `StepSubject`.
        kinds: torch classes (or their names, for who does not want to import torch) of the layer or optimizer; a class
            that derives from one of them counts too. Without kinds, any.
        general: whether it is tried after all hypotheses that are not general.
    """
    names = frozenset(kind if isinstance(kind, str) else kind.__name__ for kind in kinds)

    def add(hypotheses: F) -> F:
        _GROUPS.append(_Group(subject, names, general, hypotheses))
        return hypotheses

    return add


def hypotheses_about(subject: Subject) -> Iterator[Hypothesis]:
    """What may be wrong with a subject: in the order of registration, what is general last.

    Where a function raises something in place of its next hypothesis, that comes as one that cannot be tried.
    """
    plugins(GROUP)
    for group in sorted(_GROUPS, key=lambda group: group.general):
        if group.is_about(subject):
            yield from guarded(group.hypotheses.__name__, lambda group=group: group.hypotheses(subject))


def guarded(name: str, hypotheses: Callable[[], Iterable[Hypothesis]]) -> Iterator[Hypothesis]:
    """Hypotheses that a function gives; what is raised in place of the next one comes as one that cannot be tried."""
    with Catching(activity=Activity.DIAGNOSIS) as caught:
        yield from hypotheses()
    for one in caught.raised:
        yield Hypothesis(name, "", "", lambda *args: None, raised=one)
