"""What all model configurations share."""

import dataclasses
from typing import Any, ClassVar, Self

from tfvc.common.errors import TfvcError


@dataclasses.dataclass(frozen=True)
class Config:
    """Base of the frozen dataclasses that define a model.

    A subclass gives fields with defaults, and `named`: architecture name -> the fields that differ;
    and `mels`: architecture name -> name of the `MelSpec` that this architecture is used with.
    """

    named: ClassVar[dict[str, dict[str, Any]]] = {}
    mels: ClassVar[dict[str, str]] = {}

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
    def from_dict(cls, values: dict[str, Any], where: str = "config") -> Self:
        """Reads what `to_dict` wrote; every field must be there, and no other.

        Raises:
            TfvcError: naming the unknown or missing field, or the one whose type or value is wrong.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        if unknown := sorted(values.keys() - fields.keys()):
            raise TfvcError(f"{where}: {cls.__name__} has no field {unknown[0]!r}; known: {', '.join(fields)}")
        if missing := sorted(fields.keys() - values.keys()):
            raise TfvcError(f"{where}: the field {missing[0]!r} of {cls.__name__} is missing")
        for name, value in values.items():
            expected = type(getattr(cls, name, fields[name].default))
            as_number = expected is float and type(value) is int
            as_list = expected is tuple and type(value) is list  # JSON has no tuples
            if not (type(value) is expected or as_number or as_list):
                raise TfvcError(f"{where}: {name} must be {expected.__name__}, received {value!r}")
        try:
            return cls(**{name: tuple(value) if type(value) is list else value for name, value in values.items()})
        except TfvcError as problem:
            raise TfvcError(f"{where}: {problem}") from None

    def to_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return dataclasses.asdict(self)
