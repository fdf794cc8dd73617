"""Running commands, and a preset to run them on."""

import re
import subprocess
import sys

import pytest

from tfvc.audio import MelSpec
from tfvc.common.maker import Maker
from tfvc.models.autovc import AutoVC, AutoVCConfig, mel_scaling


def refused(done, *words):
    """The command ended with code 2 and one line that holds these words."""
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"tfvc: error: [^\n]+\n", done.stderr), done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    return True


@pytest.fixture(scope="session")
def tfvc():
    """`tfvc("info", ...)` runs the command as a user does; gives the finished process."""

    def run(*arguments, prelude="", **kwargs):
        command = [sys.executable, "-c", f"{prelude}\nfrom tfvc.cli import main; main()", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, **kwargs)

    return run


@pytest.fixture(scope="session")
def narrow_preset(tmp_path_factory):
    """A preset of a small, untrained AutoVC; not to be changed."""
    spec = MelSpec.named("hifigan_22k")
    config = AutoVCConfig(neck=4, freq=8, conv_channels=16, decoder_lstm1=16, decoder_lstm2=16, **mel_scaling(spec))
    folder = tmp_path_factory.mktemp("presets") / "narrow"
    AutoVC(config, spec, Maker("ge2e")).save_to_preset(folder, training={"steps": 0})
    return folder
