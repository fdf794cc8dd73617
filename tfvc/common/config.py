"""What all configurations share: frozen, every field checked by its annotation, from JSON and back."""

import dataclasses
import functools
import reprlib
import typing
from typing import Annotated, Any, ClassVar, Self

from annotated_types import Ge, Gt, Le, Lt, MinLen

from tfvc.common.errors import TfvcError

# Upper bounds are far above what any model has: a slip of the hand is refused before memory is taken for it.
Size = Annotated[int, Ge(1), Le(1 << 16)]
Sizes = Annotated[tuple[Size, ...], MinLen(1)]
Scales = Annotated[int, Ge(1), Le(16)]
Samples = Annotated[int, Ge(1), Le(1 << 24)]
Count = Annotated[int, Ge(1), Le(10**9)]
CountFromZero = Annotated[int, Ge(0), Le(10**9)]
Number = Annotated[float, Ge(-1e6), Le(1e6)]
Positive = Annotated[float, Gt(0), Le(1e6)]
Weight = Annotated[float, Ge(0), Le(1e6)]
LearningRate = Annotated[float, Gt(0), Le(1)]
Share = Annotated[float, Ge(0), Le(1)]
ShareBelowOne = Annotated[float, Ge(0), Lt(1)]


@dataclasses.dataclass(frozen=True)
class Config:
    """Base of the frozen dataclasses that define a model or a run.

    A subclass gives fields with defaults, whose annotations say what they may be: `Annotated` with the constraints of
    `annotated_types`, `Literal`, tuples of such; pydantic checks them. Also `named`: architecture name -> the fields
    that differ; and `mels`: architecture name -> name of the `MelSpec` that this architecture is used with. What
    several fields must be together is checked in `__post_init__`, after this class's.

    Raises:
        TfvcError: naming the field, what it must be and what was received.
    """

    named: ClassVar[dict[str, dict[str, Any]]] = {}
    mels: ClassVar[dict[str, str]] = {}

    def __post_init__(self):
        for name, value in _checked(type(self), vars(self)).items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_name(cls, name: str) -> Self:
        """The configuration of a named architecture.

        Raises:
            TfvcError: if there is none of that name.
        """
        if name not in cls.named:
            raise TfvcError(f"{cls.__name__} has no preset {name!r}; choose one of {', '.join(cls.named)}")
        return cls(**cls.named[name])

    @classmethod
    def from_dict(cls, values: Any, where: str = "config") -> Self:
        """Reads what `to_dict` wrote; every field must be there, and no other.

        Raises:
            TfvcError: naming the unknown or missing field, or the one whose type or value is wrong.
        """
        try:
            return cls(**_checked(cls, values))
        except TfvcError as problem:
            raise TfvcError(f"{where}: {problem}") from None

    def to_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return dataclasses.asdict(self)


def _checked(cls: type[Config], values: Any) -> dict[str, Any]:
    """All fields of a configuration, lists as tuples and whole numbers as the floats that they stand for."""
    # Imported when used: `tfvc --help` reads the names of architectures and makes no configuration.
    from pydantic import ValidationError

    try:
        return _adapter(cls).validate_python(_without_lists(values))
    except ValidationError as problem:
        raise TfvcError(_first_problem(cls, problem)) from None


@functools.cache
def _adapter(cls: type[Config]):
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict  # pydantic takes that of typing from Python 3.12 on

    hints = typing.get_type_hints(cls, include_extras=True)
    fields = TypedDict(cls.__name__, {field.name: hints[field.name] for field in dataclasses.fields(cls)})
    fields.__pydantic_config__ = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    return TypeAdapter(fields)


def _without_lists(value: Any) -> Any:
    """JSON has lists where configurations have tuples."""
    if isinstance(value, dict):
        return {key: _without_lists(item) for key, item in value.items()}
    return tuple(_without_lists(item) for item in value) if isinstance(value, list | tuple) else value


def _first_problem(cls: type[Config], problem) -> str:
    # A misspelled field is one too many and one too few; the first of these says it best.
    order = {"extra_forbidden": 0, "missing": 1}
    error = min(problem.errors(include_url=False), key=lambda error: order.get(error["type"], 2))
    first, *further = error["loc"] or (cls.__name__,)
    if error["type"] == "extra_forbidden":
        known = ", ".join(field.name for field in dataclasses.fields(cls))
        return f"{cls.__name__} has no field {first!r}; known: {known}"
    if error["type"] == "missing" and not further:
        return f"the field {first!r} of {cls.__name__} is missing"
    place = f"{first}{''.join(f'[{index}]' for index in further)}"
    # pydantic's sentences begin with "Input should be" or "Tuple should have"; only "Field required" does not.
    must = error["msg"].partition(" should ")[2].replace(" after validation", "") or "not be missing"
    return f"{place} must {must}, received {reprlib.repr(error['input'])}"
