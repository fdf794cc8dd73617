"""Every field of every configuration refuses what it cannot be, in one line."""

import dataclasses
import json
import re
import subprocess
import sys
from typing import Literal

import pytest

from tfvc.cli.assignments import override
from tfvc.common.config import Config, Size, Sizes
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object
from tfvc.models.family import families, networks


def every_config():
    """Those of all networks, and of all runs: the settings are a field of the class that describes a run."""
    trainings = [load_object(family.training) for family in families().values() if family.training]
    fields = [field for training in trainings for field in dataclasses.fields(training)]
    of_runs = {field.type for field in fields if field.name == "settings"}
    return sorted({network.config_class for network in networks().values()} | of_runs, key=lambda kind: kind.__name__)


CASES = [
    pytest.param(kind, field.name, id=f"{kind.__name__}.{field.name}")
    for kind in every_config()
    for field in dataclasses.fields(kind)
]
# What no field of a number, of numbers or of a choice can be.
NONSENSE = ["-1000000000000", "1000000000000", "fast", "", "null", "NaN", "Infinity", "-Infinity", "[]", "[[[0]]]"]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_nonsense_is_refused_by_every_field_in_one_line(kind, name):
    for text in NONSENSE:
        with pytest.raises(TfvcError) as refusal:
            override([f"{name}={text}"], kind())
        assert re.fullmatch(rf"--set: {name}\S* must [^\n]+, received [^\n]+", str(refusal.value)), text


@pytest.mark.parametrize("kind", every_config())
def test_what_is_written_is_read_again(kind):
    for name in kind.named or [None]:
        config = kind() if name is None else kind.from_name(name)
        assert kind.from_dict(json.loads(json.dumps(config.to_dict()))) == config


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


def test_the_configurations_of_all_networks_come_without_tensorflow_and_without_pydantic():
    code = (
        "import sys\n"
        "from tfvc.models.family import networks\n"
        "assert all(network.config_class.named for network in networks().values())\n"
        "print([name for name in ('tensorflow', 'keras', 'pydantic') if name in sys.modules])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
