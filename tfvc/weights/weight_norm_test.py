import numpy as np
import pytest

from tfvc.models.melgan import MelGANConfig, MelGANGenerator
from tfvc.weights import WeightError, is_fused, load_state_dict, state_dict
from tfvc.weights.weight_norm import older_spelling

NEWER = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}


def newer_spelling(state):
    return {
        f"{path}.{NEWER.get(name, name)}": value
        for (path, _, name), value in ((key.rpartition("."), value) for key, value in state.items())
    }


@pytest.fixture(scope="module")
def generator():
    return MelGANGenerator(MelGANConfig(channels=16))


def test_both_spellings_become_the_older_one_in_the_same_order(generator):
    state = state_dict(generator)
    newer = newer_spelling(state)
    assert newer.keys() != state.keys()
    for spelling in (state, newer):
        assert list(older_spelling(spelling)) == list(state)
        assert all(value is state[key] for key, value in older_spelling(spelling).items())


def test_other_keys_stay_as_they_are():
    state = {"a.parametrizations.weight.original": 0, "parametrizations.weight.original0": 1, "a.weight": 2, "b": 3}
    assert older_spelling(state) == state


def test_a_state_dict_in_the_newer_spelling_loads(generator):
    state = {key: np.random.default_rng(len(key)).normal(size=v.shape) for key, v in state_dict(generator).items()}
    state = {key: value.astype(np.float32) for key, value in state.items()}
    load_state_dict(generator, newer_spelling(state))
    for key, value in state_dict(generator).items():
        np.testing.assert_array_equal(value, state[key])


def test_what_does_not_fit_is_named(generator):
    state = newer_spelling(state_dict(generator))
    cut = {key: value for key, value in state.items() if key != "model.1.parametrizations.weight.original0"}
    with pytest.raises(WeightError, match=r"f\.pt: no tensor 'model\.1\.weight_g'"):
        load_state_dict(generator, cut, "f.pt")
    for both in ({**state, "model.1.weight_g": 0}, {"model.1.weight_g": 0, **state}):
        with pytest.raises(WeightError, match=r"f\.pt: model\.1\.weight_g is there twice"):
            load_state_dict(generator, both, "f.pt")


def test_a_fused_state_dict_has_no_lengths_in_either_spelling(generator):
    state = state_dict(generator)
    assert not is_fused(state)
    assert not is_fused(newer_spelling(state))
    assert is_fused(state_dict(generator.fuse()))
