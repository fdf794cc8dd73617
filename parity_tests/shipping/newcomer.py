"""What somebody does who has installed tfvc, and nothing else: a conversion, features, two steps of training."""

import shutil
import time
from pathlib import Path

from parity_tests.shipping.environment import Environment


def use(environment: Environment, folder: Path, say=lambda line: None) -> None:
    """Runs the commands in an empty folder, without PyTorch; fails with the first that does not do what it should.

    Args:
        environment: with tfvc in it.
        folder: empty.
        say: takes a line for each command, with its seconds.
    """

    def tfvc(*arguments: object, code: int = 0):
        started = time.perf_counter()
        done = environment.tfvc(*arguments, cwd=folder, code=code)
        say(f"{time.perf_counter() - started:6.1f} s  tfvc {' '.join(map(str, arguments))}")
        return done

    assert not any(folder.iterdir())
    recordings = environment.packages / "tfvc" / "demo"
    source, target = recordings / "source.wav", recordings / "target.wav"

    assert "convert" in tfvc("--help").stdout
    assert str(environment.packages) in tfvc("info", "autovc_small").stdout
    tfvc("fetch", "ge2e")
    tfvc("convert", source, target, "--out", "converted.wav")
    assert (folder / "converted.wav").stat().st_size > 10_000

    for recording in (source, target):
        speaker = folder / "corpus" / recording.stem
        speaker.mkdir(parents=True)
        shutil.copy(recording, speaker)
    assert "2 utterances of 2 speakers" in tfvc("prepare", "corpus", "features", "--jobs", 1).stdout
    tfvc("train", "autovc", "features", "--out", "run", "--steps", 2, "--batch-size", 2)
    assert (folder / "run" / "preset" / "model.weights.h5").is_file()

    assert "tfvc[torch]" in tfvc("parity", "list", code=2).stderr
