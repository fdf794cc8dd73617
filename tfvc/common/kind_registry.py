"""What is known of each kind of object, looked up by class: a subclass has what its nearest base has."""

from typing import Any, Generic, TypeVar

from tfvc.common.plugins import plugins

Value = TypeVar("Value")


class KindRegistry(Generic[Value]):
    """A table from classes to values that other packages can add to.

    Args:
        group: an entry-point group whose modules or objects are imported before the first look-up; importing them
            registers what they bring. None for a table that only this package fills.
    """

    def __init__(self, group: str | None = None):
        self._group = group
        self._values: dict[type, Value] = {}

    def register(self, kind: type, value: Value) -> Value:
        """Sets the value of a class; a later one replaces an earlier one."""
        self._values[kind] = value
        return value

    def find(self, thing: Any) -> Value | None:
        """The value of the class nearest in the object's method resolution order, None if there is none."""
        if self._group is not None:
            plugins(self._group)
        return next((self._values[kind] for kind in type(thing).__mro__ if kind in self._values), None)
