import sys
import types
from dataclasses import replace

import keras
import pytest

from tfvc.cases import find_case, layers, list_cases, run_case
from tfvc.common.errors import TfvcError
from tfvc.layers import Dense
from tfvc.parity import compare
from tfvc.parity.sides.precision import precision


def test_every_built_in_case_has_a_name_and_a_description():
    cases = list_cases()
    assert {"autovc_official", "autovc_article", "autovc_small", "ge2e", "dvector", "lstm"} <= set(cases)
    assert all(cases.values())
    assert find_case("autovc_article").name == "autovc_article"


def test_a_case_of_another_package(monkeypatch):
    package = types.ModuleType("their_cases")
    package.made, package.maker, package.other = layers.dense(), layers.dense, 3
    monkeypatch.setitem(sys.modules, "their_cases", package)
    assert find_case("their_cases:made") is package.made
    assert find_case("their_cases:maker").name == "dense"
    with pytest.raises(TfvcError, match="is a int, not a ParityCase"):
        find_case("their_cases:other")
    with pytest.raises(TfvcError, match="cannot be loaded"):
        find_case("their_cases:nothing")


@pytest.mark.parametrize(
    ("name", "message"),
    [("autovc", "no parity case 'autovc': choose from dense"), ("no_such_module:case", "cannot be loaded")],
)
def test_unknown_cases(name, message):
    with pytest.raises(TfvcError, match=message):
        find_case(name)


def test_unknown_phase_and_init():
    with pytest.raises(TfvcError, match="unknown parity phase 'backwards'"):
        run_case("dense", phases=["backwards"])
    with pytest.raises(TfvcError, match="unknown init mode"):
        run_case("dense", phases=["forward"], init="ones")


def test_weight_entries_must_cover_both_models():
    forgotten = replace(layers.dense(), entries=lambda layer: layers.layer_entries(layer)[:1])
    with pytest.raises(TfvcError, match="bias has 0 weight entries"):
        compare(forgotten, ["forward"])
    without = replace(layers.dense(), keras_model=lambda: Dense(6, use_bias=False))
    with pytest.raises(TfvcError, match="no weight entry for bias"):
        compare(without, ["forward"])


def test_precision_is_set_and_restored():
    before = keras.config.floatx(), keras.config.dtype_policy().name
    with precision("float64"):
        assert keras.layers.Dense(3).dtype_policy.name == "float64"
        assert keras.ops.zeros(2).dtype == "float64"
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before
