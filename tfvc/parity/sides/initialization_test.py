import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.parity.sides.initialization import MODES, given_state, initial_state

STATE = {
    "conv.weight": np.zeros((6, 5, 3), np.float32),
    "conv.bias": np.zeros(6, np.float32),
    "norm.weight": np.zeros(6, np.float32),
    "norm.running_var": np.zeros(6, np.float32),
    "norm.running_mean": np.zeros(6, np.float32),
    "norm.num_batches_tracked": np.array(3),
    "spectral.weight_u": np.zeros(1, np.float32),
    "spectral.weight_v": np.zeros(4, np.float32),
    "lstm.weight_hh_l0": np.zeros((8, 2), np.float64),
    "lstm.bias_hh_l0": np.zeros(8, np.float64),
}


@pytest.mark.parametrize("mode", MODES)
def test_shapes_types_and_ranges(mode):
    state = initial_state(STATE, mode, seed=1)
    assert list(state) == list(STATE)
    for key, value in state.items():
        assert value.shape == STATE[key].shape
    assert state["norm.num_batches_tracked"] == 3
    assert all(state[key].dtype == np.float32 for key in STATE if "tracked" not in key)
    for key in ("norm.running_var", "spectral.weight_u", "spectral.weight_v"):
        assert state[key].min() >= 0.5


def test_constant_weights_average():
    state = initial_state(STATE, "constant")
    for key in ("norm.weight", "norm.running_var"):
        assert np.all(state[key] == 1)
    for key in ("conv.weight", "lstm.weight_hh_l0"):
        assert np.unique(state[key]).size == 1
        np.testing.assert_allclose(state[key].reshape(len(state[key]), -1).sum(axis=1), 1, rtol=1e-6)
    for key in ("conv.bias", "norm.running_mean", "lstm.bias_hh_l0"):
        assert np.all(state[key] == 0)


def test_coded_elements_are_all_distinct_and_the_same_every_time():
    shape = {"weight": np.zeros((1024, 1024), np.float32)}
    weight = initial_state(shape, "coded")["weight"]
    assert np.unique(weight).size == weight.size
    assert np.array_equal(weight, initial_state(shape, "coded", seed=7)["weight"])
    assert abs(weight.var() * 1024 - 1) < 1e-3


def test_coded_tensors_differ_from_each_other():
    shape = np.zeros((4, 3), np.float32)
    state = initial_state({"a.weight": shape, "b.weight": shape}, "coded")
    assert not np.array_equal(state["a.weight"], state["b.weight"])


def test_random_follows_the_seed():
    draws = [initial_state(STATE, "random", seed)["conv.weight"] for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_unknown_mode():
    with pytest.raises(TfvcError, match="'ones': choose one of coded"):
        initial_state(STATE, "ones")


def test_weights_from_elsewhere_become_float32():
    given = {key: np.asarray(value) + (0.1 if value.dtype.kind == "f" else 0) for key, value in STATE.items()}
    state = given_state(STATE, given, "x.pt")
    for key, value in given.items():
        assert state[key].dtype == (np.float32 if value.dtype.kind == "f" else value.dtype)
        np.testing.assert_array_equal(state[key], value.astype(state[key].dtype))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda state: state.pop("conv.bias"), "x.pt: conv.bias is missing from it; give"),
        (lambda state: state.update(more=np.zeros(3), most=np.zeros(2)), r"x.pt: more of it .* \(and 1 more\); give"),
        (lambda state: state.update({"conv.bias": np.zeros(3)}), r"x.pt: conv.bias has the shape \(3,\), in the torch"),
    ],
)
def test_weights_that_are_not_the_modules_are_refused(change, problem):
    given = dict(STATE)
    change(given)
    with pytest.raises(TfvcError, match=problem):
        given_state(STATE, given, "x.pt")
