"""The stack of a pickle machine."""

from typing import Any

from tfvc.weights.torch_reader.refusal import Refusal


class Stack:
    """Values, and marks between them."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._below: list[list[Any]] = []  # what lies under each mark

    def push(self, value: Any) -> None:
        self._values.append(value)

    def pop(self) -> Any:
        if not self._values:
            raise Refusal("damaged, its pickle takes more than there is")
        return self._values.pop()

    def top(self) -> Any:
        if not self._values:
            raise Refusal("damaged, its pickle takes more than there is")
        return self._values[-1]

    def mark(self) -> None:
        self._below.append(self._values)
        self._values = []

    def pop_to_mark(self) -> list[Any]:
        if not self._below:
            raise Refusal("damaged, its pickle misses a mark")
        items, self._values = self._values, self._below.pop()
        return items

    def discard(self) -> None:
        """Takes off the last value or mark."""
        if self._values:
            self._values.pop()
        else:
            self.pop_to_mark()
