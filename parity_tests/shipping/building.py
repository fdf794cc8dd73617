"""Building what is published."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def build(target: str, project: Path, out: Path) -> Path:
    """Builds the `wheel` or the `sdist` of a project into an empty folder; gives the file.

    The project's build backend must be hatchling: it is the one of this environment, so nothing is fetched.
    """
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [built] = out.iterdir()
    return built


def unpacked(sdist: Path, out: Path) -> Path:
    """The project that is in an sdist."""
    with tarfile.open(sdist) as archive:
        archive.extractall(out, filter="data")
    return out / sdist.name.removesuffix(".tar.gz")


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel: path in it -> bytes."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
