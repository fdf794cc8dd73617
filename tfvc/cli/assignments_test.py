"""Every field of every configuration refuses what it cannot be, in one line."""

import dataclasses
import json
import re
import subprocess
import sys

import pytest

from tfvc.cli.assignments import override
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


def test_the_configurations_of_all_networks_come_without_tensorflow_and_without_pydantic():
    code = (
        "import sys\n"
        "from tfvc.models.family import networks\n"
        "assert all(network.config_class.named for network in networks().values())\n"
        "print([name for name in ('tensorflow', 'keras', 'pydantic') if name in sys.modules])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
