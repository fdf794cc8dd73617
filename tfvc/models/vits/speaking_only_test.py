"""A VITS without what only training and conversion take."""

import keras
import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.vits import VITS
from tfvc.voices.conftest import narrow_vits
from tfvc.weights import WeightError, load_state_dict, state_dict

NOT_NEEDED = ("enc_q.", "dp.post_", "dp.flows.1.")


@pytest.fixture(scope="module")
def pair():
    """A model, and the same as what an export to speak leaves of it."""
    whole = narrow_vits(n_speakers=2, gin_channels=5)
    state = {key: value for key, value in state_dict(whole).items() if not key.startswith(NOT_NEEDED)}
    assert VITS.states_in(state_dict(whole)) == {"fused": False, "speaking_only": False}
    assert VITS.states_in(state) == {"fused": False, "speaking_only": True}
    part = narrow_vits(n_speakers=2, gin_channels=5, states={"speaking_only": True})
    load_state_dict(part, state)
    return whole, part


def infer(model):
    draw = np.random.default_rng(0)
    noise, durations = draw.normal(size=(2, 60, 4)).astype("f4"), draw.normal(size=(2, 4, 2)).astype("f4")
    return model.infer(np.array([[1, 2, 3, 4], [5, 6, 0, 0]]), np.array([4, 2]), noise, durations, np.array([1, 0]))


def test_it_speaks_the_same_and_gives_the_same_tensors(pair):
    whole, part = pair
    for name, value in infer(whole).items():
        np.testing.assert_array_equal(infer(part)[name], value, err_msg=name)
    assert list(state_dict(part)) == [key for key in state_dict(whole) if not key.startswith(NOT_NEEDED)]


def test_named_architectures_of_upstream_come_with_its_symbols():
    assert VITS.inputs_of_name("vctk")["symbols"]["symbols"]["'"] == [176]
    assert VITS.inputs_of_name("piper_medium") == {}


def test_it_does_not_convert(pair):
    part = pair[1]
    ones = np.ones((1, 9, 17), "f4"), np.array([9]), np.array([0]), np.array([1]), np.ones((1, 9, 4), "f4")
    with pytest.raises(TfvcError, match="without its posterior encoder the model does not convert"):
        part.convert(*ones)


def test_a_state_dict_that_lacks_more_is_refused(pair):
    state = state_dict(pair[1])
    del state["dp.flows.3.pre.weight"]
    with pytest.raises(WeightError, match=r"no tensor 'dp\.flows\.3\.pre\.weight'"):
        load_state_dict(pair[1], state)


def test_saved_cloned_and_fused_it_is_still_that(pair, tmp_path):
    part = pair[1]
    part.save_to_preset(tmp_path / "preset")
    part.save(tmp_path / "whole.keras")
    for other in (VITS.from_preset(tmp_path / "preset"), keras.saving.load_model(tmp_path / "whole.keras")):
        assert other.speaking_only
        assert other.symbols == part.symbols
        np.testing.assert_array_equal(infer(other)["waveform"], infer(part)["waveform"])
    fused = part.fuse()
    assert (fused.speaking_only, fused.fused) == (True, True)
    np.testing.assert_allclose(infer(fused)["waveform"], infer(part)["waveform"], rtol=0, atol=1e-6)
