"""Running commands, and a preset to run them on."""

import multiprocessing
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tfvc import cli
from tfvc.audio import named_spec
from tfvc.common.maker import Maker
from tfvc.models.autovc import AutoVC, AutoVCConfig, mel_scaling


def refused(done, *words):
    """The command ended with code 2 and one line that holds these words."""
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"tfvc: error: [^\n]+\n", done.stderr), done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    return True


def _command(arguments: list[str], cwd: Path | None, environment: dict[str, str], outputs: tuple[Path, Path]) -> None:
    """Runs the command in this process, whose standard output and error go to these files."""
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, path in enumerate(outputs, start=1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, descriptor)
        os.close(file)
    if cwd is not None:
        os.chdir(cwd)
    cli.main(arguments)


@pytest.fixture(scope="session")
def tfvc(tmp_path_factory):
    """`tfvc("info", ...)` runs the command in a process of its own; gives the finished process.

    The process is the fork of one that has imported what commands import, which takes longer than most commands.
    """
    # Read when TensorFlow is imported; commands set it too late here.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    start = multiprocessing.get_context("forkserver")
    start.set_forkserver_preload([__name__, "keras", "librosa", "torch"])
    folder = tmp_path_factory.mktemp("outputs")

    def run(*arguments, cwd=None):
        outputs = folder / "stdout", folder / "stderr"
        for path in outputs:
            path.unlink(missing_ok=True)
        arguments = [str(argument) for argument in arguments]
        process = start.Process(target=_command, args=(arguments, cwd, dict(os.environ), outputs))
        process.start()
        process.join()
        return subprocess.CompletedProcess(arguments, process.exitcode, *(path.read_text() for path in outputs))

    return run


@pytest.fixture(scope="session")
def tfvc_anew():
    """As `tfvc`, in a new interpreter that has imported nothing, as a user does; `prelude` is run before."""

    def run(*arguments, prelude="", **kwargs):
        environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
        command = [sys.executable, "-c", f"{prelude}\nfrom tfvc.cli import main; main()", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, **kwargs)

    return run


@pytest.fixture(scope="session")
def narrow_preset(tmp_path_factory):
    """A preset of a small, untrained AutoVC; not to be changed."""
    spec = named_spec("hifigan_22k")
    config = AutoVCConfig(neck=4, freq=8, conv_channels=16, decoder_lstm1=16, decoder_lstm2=16, **mel_scaling(spec))
    folder = tmp_path_factory.mktemp("presets") / "narrow"
    AutoVC(config, spec, Maker("ge2e")).save_to_preset(folder, training={"steps": 0})
    return folder
