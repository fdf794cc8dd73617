import hashlib
import struct

import numpy as np
import pytest

from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig
from tfvc.weights import load_state_dict, state_dict, weights_sha256

SIZES = {"n_mels": 3, "units": 4, "embedding": 5}


def encoder(**kwargs):
    return SpeakerEncoder(SpeakerEncoderConfig(**SIZES), **kwargs)


@pytest.fixture(scope="module")
def state():
    """Drawn weights under torch's keys."""
    random = np.random.default_rng(0)
    shapes = {key: value.shape for key, value in state_dict(encoder()).items()}
    return {key: random.normal(size=shape).astype(np.float32) for key, shape in shapes.items()}


def test_it_is_the_hash_of_keys_shapes_and_numbers(state):
    model = encoder()
    load_state_dict(model, state)
    expected = hashlib.sha256()
    for key in sorted(state):
        shape = ", ".join(str(size) for size in state[key].shape)
        expected.update(f"{key} [{shape}]\n".encode() + struct.pack(f"<{state[key].size}f", *state[key].ravel()))
    assert weights_sha256(model) == expected.hexdigest()


def test_the_way_through_a_file_or_another_precision_leaves_it(state, tmp_path):
    single, double = encoder(), encoder(dtype="float64")
    load_state_dict(single, state)
    for ours, theirs in zip(double.weights, single.weights, strict=True):
        ours.assign(theirs.numpy())
    single.save_weights(tmp_path / "x.weights.h5")
    again = encoder(name="of_another_name")
    again.load_weights(tmp_path / "x.weights.h5")
    assert weights_sha256(single) == weights_sha256(double) == weights_sha256(again)


def test_a_change_of_the_last_bit_changes_it(state):
    model = encoder()
    load_state_dict(model, state)
    before = weights_sha256(model)
    bias = model.projection.bias
    bias.assign(np.nextafter(bias.numpy(), np.float32(9)))
    assert weights_sha256(model) != before
