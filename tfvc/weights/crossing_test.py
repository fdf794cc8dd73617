import numpy as np
import pytest

from tfvc.models.autovc import AutoVC
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.weights import TorchKeys, WeightError, entries, entries_of, load_state_dict, state_dict

torch = pytest.importorskip("torch")


def reference(kind: str):
    """A torch module with upstream's keys, running statistics away from their defaults, and our model for it."""
    from torch_ref.autovc import Generator
    from torch_ref.speaker_encoder import GE2E, DVector

    torch.manual_seed(3)
    module, model = {
        "official": lambda: (Generator(), AutoVC.from_name("official")),
        "ge2e": lambda: (GE2E(), SpeakerEncoder.from_name("ge2e")),
        "dvector": lambda: (DVector(), SpeakerEncoder.from_name("dvector")),
    }[kind]()
    for name, buffer in module.named_buffers():
        buffer.copy_(torch.rand_like(buffer.double()) + 0.5 if buffer.is_floating_point() else torch.tensor(7))
        assert "running" in name or "tracked" in name
    return {key: value.numpy() for key, value in module.state_dict().items()}, model


@pytest.mark.parametrize("kind", ["official", "ge2e", "dvector"])
def test_a_state_dict_comes_back_bit_for_bit_in_its_own_order(kind):
    state, model = reference(kind)
    load_state_dict(model, state)
    back = state_dict(model)
    assert list(back) == list(state)
    for key in state:
        assert back[key].dtype == state[key].dtype
        assert back[key].tobytes() == state[key].tobytes(), key


def test_every_entry_states_the_shape_that_torch_has():
    state, model = reference("official")
    shapes = {key: shape for e in entries(model) for key, shape in zip(e.keys, e.torch_shapes, strict=True)}
    assert shapes == {key: value.shape for key, value in state.items()}


def test_crossing_a_tensor_there_and_back_is_the_identity():
    _, model = reference("ge2e")
    for entry in entries(model):
        values = [np.random.default_rng(0).normal(size=v.shape).astype(np.float32) for v in entry.variables]
        np.testing.assert_array_equal(entry.to_keras(entry.to_torch(values)), values)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: s.pop("linear.bias"), ["no tensor 'linear.bias'"]),
        (lambda s: s.update(extra=np.zeros(3, np.float32)), ["'extra'", "no place"]),
        (
            lambda s: s.update({"lstm.weight_hh_l1": s["lstm.weight_hh_l1"].T}),
            ["lstm.weight_hh_l1", "(256, 1024)", "(1024, 256)"],
        ),
        (lambda s: s.update({"linear.bias": np.zeros(256, np.int64)}), ["linear.bias", "int64", "float32"]),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_changes(spoil, words):
    state, model = reference("ge2e")
    before = state_dict(model)
    spoil(state)
    with pytest.raises(WeightError) as refusal:
        load_state_dict(model, state, "file.pt")
    assert "file.pt" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert all(word in str(refusal.value) for word in words), refusal.value
    for key, value in state_dict(model).items():
        np.testing.assert_array_equal(value, before[key])


def test_a_variable_that_the_map_forgets_is_an_error():
    _, model = reference("ge2e")
    model.torch_keys = TorchKeys(lambda model: iter([("lstm", model.lstm)]))
    with pytest.raises(WeightError, match=r"projection.* 0 weight entries"):
        entries(model)


def test_a_single_bias_lstm_says_that_torch_has_none():
    from tfvc.layers import LSTM

    layer = LSTM(3, recurrent_bias=False)
    layer.build((None, None, 2))
    with pytest.raises(WeightError, match="single bias"):
        entries_of("lstm", layer)
