import shutil
import zipfile

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.speaker_encoder import SpeakerEncoder, published
from tfvc.weights import WeightError, state_dict

torch = pytest.importorskip("torch")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/tfvc/ge2e"


def save_weights(path):
    """A file as the wheel has it: the network under `model_state`, beside two parameters of its loss."""
    state = {key: torch.from_numpy(value) for key, value in state_dict(SpeakerEncoder.from_name("ge2e")).items()}
    loss = {"similarity_weight": torch.ones(1), "similarity_bias": torch.ones(1)}
    torch.save({"step": 3, "model_state": {**state, **loss}}, path)
    return state


def test_a_bare_file_becomes_a_preset_in_the_cache(cache, tmp_path):
    state = save_weights(tmp_path / "pretrained.pt")
    assert published.fetch_ge2e(tmp_path / "pretrained.pt") == (cache, True)
    loaded = state_dict(SpeakerEncoder.from_preset("ge2e"))
    assert loaded.keys() == state.keys()
    for key, value in state.items():
        np.testing.assert_array_equal(loaded[key], value.numpy())
    assert published.fetch_ge2e() == (cache, False)


def test_a_wheel_that_is_not_the_published_one_is_refused(cache, tmp_path):
    save_weights(tmp_path / "pretrained.pt")
    with zipfile.ZipFile(tmp_path / "Resemblyzer.whl", "w") as wheel:
        wheel.write(tmp_path / "pretrained.pt", "resemblyzer/pretrained.pt")
    with pytest.raises(TfvcError, match="sha256"):
        published.fetch_ge2e(tmp_path / "Resemblyzer.whl")
    assert not cache.exists()


def test_files_that_are_not_it_are_refused(cache, tmp_path):
    torch.save({"lstm.weight_ih_l0": torch.ones(3)}, tmp_path / "other.pt")
    with pytest.raises(WeightError, match=r"other\.pt"):
        published.fetch_ge2e(tmp_path / "other.pt")
    with pytest.raises(WeightError, match="no such file"):
        published.fetch_ge2e(tmp_path / "none.pt")
    assert not cache.exists()


def test_a_download_that_fails_says_so_in_one_line(cache, monkeypatch, tmp_path):
    monkeypatch.setattr(published.sys, "executable", shutil.which("false"))
    with pytest.raises(TfvcError, match=r"could not download Resemblyzer==0\.1\.4 .*--from"):
        published.fetch_ge2e()
    assert not cache.exists()
