"""What differs between the two models, and can be held against torch's made wrong in some way."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any


class Subject(ABC):
    """Something of Keras's that differs from torch's.

    Attributes:
        rounding: the relative error that rounding alone may leave.
        exact: whether it is float64 throughout, so that what explains it leaves no more than right models differ by.
        others: what differs besides and has the same cause.
    """

    rounding: float = 0.0
    exact: bool = False
    others: Sequence["Subject"] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """The names of the classes of torch's layer or optimizer, bases included."""
        return frozenset()

    @property
    def exhausted(self) -> bool:
        """Whether what has been tried on it has taken so long that nothing more is."""
        return False

    @abstractmethod
    def error(self, wrong: Callable[..., Any] | None = None) -> float:
        """How far Keras's is from torch's, made wrong in this way (None: as it is); relative."""


def class_names(thing: Any) -> frozenset[str]:
    """The names of a thing's class and of its bases."""
    return frozenset(kind.__name__ for kind in type(thing).__mro__)
