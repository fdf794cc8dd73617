import h5py
import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.export.h5 import export_h5
from tfvc.models.autovc import AutoVC, Decoder, Encoder, Postnet
from tfvc.optimizers.adam import Adam
from tfvc.weights import WeightError
from tfvc.weights.h5 import load_weights, save_weights


def shaken(model):
    """Every variable away from its initial value."""
    rng = np.random.default_rng(1)
    for variable in model.weights:
        if variable.dtype == "float32":
            variable.assign(rng.normal(0.5, 0.1, variable.shape))
    return model


@pytest.fixture(scope="module")
def small():
    return shaken(AutoVC.from_name("small"))


def test_weights_come_back_bit_for_bit_and_without_the_optimizer(tmp_path, small):
    small.compile(optimizer=Adam())
    small.optimizer.build(small.trainable_variables)
    save_weights(small, tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5") as file:
        assert "optimizer" not in file
    fresh = AutoVC.from_name("small")
    load_weights(fresh, tmp_path / "a.weights.h5")
    for mine, theirs in zip(fresh.weights, small.weights, strict=True):
        assert mine.numpy().tobytes() == theirs.numpy().tobytes(), mine.path
    AutoVC.from_name("small").load_weights(tmp_path / "a.weights.h5")  # stock Keras reads it too


def test_half_precision_rounds_kernels_and_keeps_vectors(tmp_path, small):
    save_weights(small, tmp_path / "h.weights.h5", half=True)
    fresh = AutoVC.from_name("small")
    load_weights(fresh, tmp_path / "h.weights.h5")
    for mine, theirs in zip(fresh.weights, small.weights, strict=True):
        wanted = theirs.numpy()
        wanted = wanted.astype(np.float16).astype(np.float32) if wanted.ndim >= 2 else wanted
        np.testing.assert_array_equal(mine.numpy(), wanted)
    assert (tmp_path / "h.weights.h5").stat().st_size < 25 * 2**20


def test_other_models_and_damaged_files_are_refused(tmp_path, small):
    save_weights(small, tmp_path / "a.weights.h5")
    with pytest.raises(WeightError, match="another model"):
        load_weights(AutoVC.from_name("article"), tmp_path / "a.weights.h5")
    whole = (tmp_path / "a.weights.h5").read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("text", b"no weights at all"), ("empty", b"")):
        (tmp_path / f"{name}.weights.h5").write_bytes(content)
        with pytest.raises(WeightError, match=name) as refusal:
            load_weights(small, tmp_path / f"{name}.weights.h5")
        assert "\n" not in str(refusal.value)
    with pytest.raises(WeightError, match="no such file"):
        load_weights(small, tmp_path / "none.weights.h5")


def test_a_file_that_claims_more_than_the_model_is_refused_before_it_is_read(tmp_path, small):
    with h5py.File(tmp_path / "huge.weights.h5", "w") as file:
        file.create_dataset("vars/0", shape=(2**33,), dtype="f8", chunks=(2**20,))  # 64 GiB, none of it written
    with pytest.raises(WeightError, match="another model"):
        load_weights(small, tmp_path / "huge.weights.h5")


def test_fresh_networks_take_the_three_files_and_reproduce_the_outputs_bit_for_bit(tmp_path, small):
    files = export_h5(small, tmp_path / "out")
    assert [path.name for path in files] == ["encoder.weights.h5", "decoder.weights.h5", "postnet.weights.h5"]
    fresh = [network(small.config) for network in (Encoder, Decoder, Postnet)]
    for network, path in zip(fresh, files, strict=True):
        network.build()
        network.load_weights(path)

    rng = np.random.default_rng(2)
    mel, own, other = (tf.constant(rng.normal(size=s), tf.float32) for s in ((2, 48, 80), (2, 256), (2, 256)))
    decoded, refined, codes = small((mel, own, other))
    codes_again = fresh[0](mel, own)
    decoded_again = fresh[1](codes_again, other)
    refined_again = decoded_again + fresh[2](decoded_again)
    for mine, theirs in ((codes_again, codes), (decoded_again, decoded), (refined_again, refined)):
        assert mine.numpy().tobytes() == theirs.numpy().tobytes()


def test_an_export_replaces_an_earlier_one_and_nothing_else(tmp_path, small):
    export_h5(small, tmp_path / "out")
    export_h5(small, tmp_path / "out")
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    with pytest.raises(TfvcError, match="not an earlier export"):
        export_h5(small, tmp_path / "out")
    assert (tmp_path / "out" / "thesis.txt").read_text() == "precious"
