"""PyTorch is an extra: whoever only converts and trains does without."""

import subprocess
import sys

import numpy as np
import pytest

from tfvc.audio import write
from tfvc.weights import state_dict, write_torch_file

# Makes `import torch` fail as it does where it is not installed.
ABSENT = """
import sys
class Absent:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent)
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory, ge2e):
    path = tmp_path_factory.mktemp("voice") / "a.wav"
    write(path, np.random.default_rng(0).normal(0, 0.05, 20000).astype(np.float32), 16000)
    return path


def test_importing_any_module_of_ours_imports_no_torch():
    code = (
        "import sys, pkgutil, importlib, tfvc\n"
        "names = [m.name for m in pkgutil.walk_packages(tfvc.__path__, 'tfvc.') if 'test' not in m.name]\n"
        "names = [name for name in names if not name.endswith('conftest')]\n"
        "[importlib.import_module(name) for name in names]\n"
        "assert len(names) > 60 and 'torch' not in sys.modules, 'torch' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, stderr=subprocess.DEVNULL)


def test_everything_but_parity_and_writing_pt_files_works(tfvc_anew, narrow_preset, recording, tmp_path):
    for arguments in (
        ["convert", recording, recording, "--out", tmp_path / "x.wav", "--model", narrow_preset],
        ["info", narrow_preset],
        ["export", narrow_preset, "--format", "h5", "--out", tmp_path / "h5"],
        ["export-torch", narrow_preset, "--out", tmp_path / "x.safetensors"],
    ):
        done = tfvc_anew(*arguments, prelude=ABSENT)
        assert done.returncode == 0, done.stderr


def test_the_demo_leaves_the_comparison_out_and_says_how_to_get_it(tfvc_anew, ge2e, tmp_path):
    done = tfvc_anew("demo", "--out", tmp_path / "demo", prelude=ABSENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pip install 'tfvc[torch]'" in done.stdout.splitlines()[-1]
    assert "cosine to the target" in done.stdout
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["converted.wav", "mels.png"]


@pytest.mark.parametrize("name", ["ge2e.safetensors", "ge2e.pt"])
def test_weights_come_in_without_torch(tfvc_anew, tmp_path, name):
    from tfvc.models.speaker_encoder import SpeakerEncoder

    state = state_dict(SpeakerEncoder.from_name("ge2e"))
    write_torch_file(tmp_path / name, state, "model_state")
    command = ["import-torch", "speaker_encoder", tmp_path / name, "--out", tmp_path / "preset"]
    done = tfvc_anew(*command, prelude=ABSENT)
    assert done.returncode == 0, done.stderr
    for key, value in state_dict(SpeakerEncoder.from_preset(tmp_path / "preset")).items():
        np.testing.assert_array_equal(value, state[key])


def test_the_speaker_encoder_is_fetched_without_torch(tfvc_anew, tmp_path, monkeypatch):
    from tfvc.models.speaker_encoder import SpeakerEncoder

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_torch_file(tmp_path / "pretrained.pt", state_dict(SpeakerEncoder.from_name("ge2e")), "model_state")
    done = tfvc_anew("fetch", "ge2e", "--from", tmp_path / "pretrained.pt", prelude=ABSENT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["parity", "list"], ["parity", "run"], ["export-torch", "narrow", "--out", "x.pt"]],
)
def test_what_needs_torch_says_so(tfvc_anew, narrow_preset, tmp_path, arguments):
    (tmp_path / "narrow").symlink_to(narrow_preset)
    done = tfvc_anew(*arguments, prelude=ABSENT, cwd=tmp_path)
    assert done.returncode == 2
    assert "tfvc[torch]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
