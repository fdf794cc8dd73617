import pickle

import numpy as np
import pytest

from tfvc.weights import WeightError, read_torch_file, write_torch_file

torch = pytest.importorskip("torch")

STATE = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.tensor([0.1, -0.0, 3.0])}

OTHER = {"conv.weight": torch.ones(3)}


class Malice:
    """Runs code when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"model": s},
        lambda s: {"model": s, "optimizer": {"state": {}}, "step": 3},
        lambda s: {"generator": s, "discriminator": OTHER, "steps": 3},
        lambda s: {"step": 1, "model_state": s},
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {"model": {f"module.{k}": v for k, v in s.items()}},
    ],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_wrappers_and_prefixes_are_taken_off(tmp_path, wrap, legacy):
    torch.save(wrap(STATE), tmp_path / "file.pt", _use_new_zipfile_serialization=not legacy)
    state = read_torch_file(tmp_path / "file.pt", "generator")
    assert list(state) == list(STATE)
    for key, value in STATE.items():
        assert state[key].tobytes() == value.numpy().tobytes()


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
@pytest.mark.parametrize("wrapper", [None, "model"])
def test_what_is_written_is_read_again(tmp_path, name, wrapper):
    state = {"w": np.array([[1, -2.5], [np.pi, 0]], np.float32), "n": np.array(4, np.int64)}
    write_torch_file(tmp_path / name, state, wrapper)
    back = read_torch_file(tmp_path / name)
    assert back.keys() == state.keys()
    for key in state:
        assert back[key].dtype == state[key].dtype
        assert back[key].shape == state[key].shape
        assert back[key].tobytes() == state[key].tobytes()


def test_the_wrapper_is_there_for_upstream(tmp_path):
    write_torch_file(tmp_path / "a.ckpt", {"w": np.ones(2, np.float32)}, "model")
    assert list(torch.load(tmp_path / "a.ckpt", weights_only=True)) == ["model"]


def test_several_networks_of_one_model(tmp_path):
    """As upstream's HiFi-GAN has its discriminators, beside what else a training needs."""
    parallel = {f"module.{key}": value for key, value in OTHER.items()}
    torch.save({"mpd": STATE, "msd": parallel, "optim_d": {}, "steps": 1}, tmp_path / "do.pt")
    state = read_torch_file(tmp_path / "do.pt", ("mpd", "msd"))
    assert list(state) == ["mpd.layer.weight", "mpd.layer.bias", "msd.conv.weight"]
    assert state["mpd.layer.bias"].tobytes() == STATE["layer.bias"].numpy().tobytes()
    for name in ("again.pt", "again.safetensors"):
        write_torch_file(tmp_path / name, state, ("mpd", "msd"))
        back = read_torch_file(tmp_path / name, ("mpd", "msd"))
        assert {key: value.tobytes() for key, value in back.items()} == {k: v.tobytes() for k, v in state.items()}
    written = torch.load(tmp_path / "again.pt", weights_only=True)
    assert {name: list(part) for name, part in written.items()} == {"mpd": list(STATE), "msd": list(OTHER)}


@pytest.mark.parametrize(
    ("content", "networks", "words"),
    [
        ({"generator": STATE}, "discriminator", "no state dict in it; its keys are generator"),
        ({"generator": STATE, "discriminator": OTHER}, None, "its keys are generator, discriminator"),
        ({"mpd": STATE, "steps": 3}, ("mpd", "msd"), "no network 'msd' in it; its keys are mpd, steps"),
        ({"generator": STATE}, ("mpd", "msd"), "no network 'mpd' in it; its keys are generator"),
    ],
)
def test_no_network_is_taken_for_another(tmp_path, content, networks, words):
    torch.save(content, tmp_path / "file.pt")
    with pytest.raises(WeightError, match=words):
        read_torch_file(tmp_path / "file.pt", networks)


def test_bfloat16_is_widened_exactly(tmp_path):
    value = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).bfloat16()
    torch.save({"w": value}, tmp_path / "b.pt")
    np.testing.assert_array_equal(read_torch_file(tmp_path / "b.pt")["w"], value.float().numpy())


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path):
    for name, save in (("zip.pt", torch.save), ("bare.pt", lambda o, p: p.write_bytes(pickle.dumps(o)))):
        save({"w": torch.ones(2), "evil": Malice(tmp_path / "ran")}, tmp_path / name)
        with pytest.raises(WeightError, match="code") as refusal:
            read_torch_file(tmp_path / name)
        assert "\n" not in str(refusal.value)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
@pytest.mark.parametrize("keep", [0, 1, 20, 0.5, 0.99])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, name, keep):
    write_torch_file(tmp_path / name, {"w": np.ones((40, 50), np.float32)})
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(keep if keep >= 1 else keep * len(whole))])
    with pytest.raises(WeightError, match="a\\.") as refusal:
        read_torch_file(tmp_path / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [[1, 2], {"a": 3}, {}, {"model": 3}])
def test_a_file_without_a_state_dict_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "c.pt")
    with pytest.raises(WeightError, match="state dict"):
        read_torch_file(tmp_path / "c.pt")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.pt"):
        with pytest.raises(WeightError, match="no such file"):
            read_torch_file(path)
