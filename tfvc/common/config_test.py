"""Configurations are checked field by field."""

import dataclasses
import re
from typing import Literal

import pytest

from tfvc.common.config import Config, Size, Sizes
from tfvc.common.errors import TfvcError


@dataclasses.dataclass(frozen=True)
class Example(Config):
    size: Size = 3
    factor: float = 1.5
    rates: Sizes = (8, 2)
    nested: tuple[Sizes, ...] = ((1, 3), (1,))
    kind: Literal["a", "b"] = "a"
    pair: tuple[float, float] | None = None


def test_lists_become_tuples_and_whole_numbers_floats():
    values = Example().to_dict() | {"factor": 2, "rates": [4], "nested": [[1], [2, 3]], "pair": [0, 1]}
    example = Example.from_dict(values)
    assert example == Example(factor=2.0, rates=(4,), nested=((1,), (2, 3)), pair=(0.0, 1.0))
    assert type(example.factor) is float
    assert type(example.nested[1]) is tuple


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": -1}, "size must be greater than or equal to 1, received -1"),
        ({"size": 10**30}, f"size must be less than or equal to 65536, received {10**30}"),
        ({"size": True}, "size must be a valid integer, received True"),
        ({"factor": float("nan")}, "factor must be a finite number, received nan"),
        ({"factor": "x" * 1000}, "factor must be a valid number, received 'xxxxxxxxxxxx...xxxxxxxxxxxxx'"),
        ({"rates": ()}, "rates must have at least 1 item, not 0, received ()"),
        ({"rates": (1, 0)}, "rates[1] must be greater than or equal to 1, received 0"),
        ({"nested": ((1,), (2, "c"))}, "nested[1][1] must be a valid integer, received 'c'"),
        ({"kind": "c"}, "kind must be 'a' or 'b', received 'c'"),
        ({"pair": (1,)}, "pair[1] must not be missing, received (1,)"),
    ],
)
def test_a_message_names_the_field_and_what_was_received(changes, message):
    for make in (lambda: Example(**changes), lambda: dataclasses.replace(Example(), **changes)):
        with pytest.raises(TfvcError) as refusal:
            make()
        assert str(refusal.value) == message
    with pytest.raises(TfvcError) as refusal:
        Example.from_dict(Example().to_dict() | changes, "file.json")
    assert str(refusal.value) == f"file.json: {message}"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (Example().to_dict() | {"syze": 1}, "Example has no field 'syze'; known: size, factor, rates"),
        ({"syze": 1}, "Example has no field 'syze'"),
        ({"size": 1}, "the field 'factor' of Example is missing"),
        ([1], "Example must be a valid dictionary, received"),
        (None, "Example must be a valid dictionary, received None"),
    ],
)
def test_fields_are_those_that_there_are(values, message):
    with pytest.raises(TfvcError, match=re.escape(f"file.json: {message}")):
        Example.from_dict(values, "file.json")
