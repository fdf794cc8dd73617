import json
import sys
from importlib.metadata import EntryPoint

import pytest

from tfvc.common import plugins as module
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object, plugins


@pytest.fixture
def registered(monkeypatch):
    """What installed packages register in the group `things`, to be filled: (name, value)."""
    pairs = []
    plugins.cache_clear()
    points = lambda group: [EntryPoint(name, value, group) for name, value in pairs]  # noqa: E731
    monkeypatch.setattr(module, "entry_points", points)
    yield pairs
    plugins.cache_clear()


def test_an_object_or_a_module_is_loaded():
    assert load_object("json:dumps") is json.dumps
    assert load_object("json.decoder") is sys.modules["json.decoder"]


@pytest.mark.parametrize("path", ["jsonn:dumps", "json:dumpz", "jsonn"])
def test_what_is_not_there_is_named(path):
    with pytest.raises(TfvcError, match=f"{path} cannot be loaded"):
        load_object(path)


def test_plugins_come_by_name_in_order(registered):
    registered += [("b", "json:dumps"), ("a", "json:loads"), ("b", "json:dumps")]
    assert list(plugins("things").items()) == [("a", json.loads), ("b", json.dumps)]


def test_one_name_for_two_things_is_refused(registered):
    registered += [("a", "json:loads"), ("a", "json:dumps")]
    with pytest.raises(TfvcError, match=r"two packages register 'a' in things \(json:loads and json:dumps\)"):
        plugins("things")
