"""import-torch and export-torch, on upstream's keys at full size."""

import pickle

import pytest

from tfvc.cli.conftest import refused

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def state():
    from torch_ref.autovc import Generator

    torch.manual_seed(1)
    state = Generator().state_dict()
    for key, value in state.items():
        if "running" in key:
            value.uniform_(0.5, 1.5)
        if "tracked" in key:
            value.fill_(11)
    return state


@pytest.mark.parametrize(
    "wrap",
    [lambda s: s, lambda s: {"model": s}, lambda s: {"model": {f"module.{k}": v for k, v in s.items()}}],
    ids=["bare", "wrapped", "prefixed"],
)
def test_a_checkpoint_comes_back_bit_for_bit(tfvc, state, tmp_path, wrap):
    torch.save(wrap(state), tmp_path / "autovc.ckpt")
    done = tfvc("import-torch", "autovc", tmp_path / "autovc.ckpt", "--out", tmp_path / "preset")
    assert done.returncode == 0, done.stderr
    done = tfvc("export-torch", tmp_path / "preset", "--out", tmp_path / "back.ckpt")
    assert done.returncode == 0, done.stderr
    back = torch.load(tmp_path / "back.ckpt", weights_only=True)["model"]
    assert list(back) == list(state)
    for key, value in state.items():
        assert back[key].dtype == value.dtype
        assert back[key].numpy().tobytes() == value.numpy().tobytes(), key


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_what_is_wrong_with_a_checkpoint_is_one_line_and_nothing_is_written(tfvc, state, tmp_path):
    key = "decoder.lstm1.weight_ih_l0"
    spoiled = {
        "missing": {k: v for k, v in state.items() if k != key},
        "extra": {**state, "more.weight": torch.ones(2)},
        "shape": {**state, key: state[key].T.contiguous()},
    }
    files = tmp_path / "files"
    files.mkdir()
    for name, content in spoiled.items():
        torch.save(content, files / f"{name}.ckpt")
    torch.save(state, files / "cut.ckpt")
    whole = (files / "cut.ckpt").read_bytes()
    (files / "cut.ckpt").write_bytes(whole[: len(whole) // 2])
    (files / "evil.ckpt").write_bytes(pickle.dumps({"x": Touch(tmp_path / "ran")}))
    (files / "text.ckpt").write_text("weights, honestly")

    words = {
        "missing": [key],
        "extra": ["more.weight"],
        "shape": [key, "(2048, 320)", "(320, 2048)"],
        "cut": ["truncated"],
        "evil": ["code"],
        "text": ["text.ckpt"],
    }
    for name, wanted in words.items():
        done = tfvc("import-torch", "autovc", files / f"{name}.ckpt", "--out", tmp_path / "preset")
        assert refused(done, f"{name}.ckpt", *wanted)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["files"]
