"""Published checkpoints, read as torch reads them."""

import warnings

import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.speaker_encoder import published
from tfvc.weights import torch_reader
from tfvc.weights.torch_reader.equality_test import assert_same

torch = pytest.importorskip("torch")


def same_as_torch(path):
    with warnings.catch_warnings(action="ignore"):
        theirs = torch.load(path, map_location="cpu", weights_only=True)
    ours = torch_reader.read(path)
    assert_same(ours, theirs)
    return ours


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    try:
        return published._download(tmp_path_factory.mktemp("wheel"))
    except TfvcError as error:
        pytest.skip(str(error))


def test_the_speaker_encoder_of_2019(wheel, tmp_path):
    """The older form, written on a GPU, with the states of an optimizer beside the network's."""
    content = same_as_torch(published._extract(wheel, tmp_path))
    assert list(content) == ["step", "model_state", "optimizer_state"]
    assert content["model_state"]["lstm.weight_ih_l0"].shape == (1024, 40)


@pytest.mark.real_data
def test_hifigan_v3(real_data):
    content = same_as_torch(real_data / "hifigan_v3" / "generator_v3.pt")
    assert content["generator"]["conv_pre.weight_v"].shape == (256, 80, 7)
