"""Virtual environments that know nothing of the repository."""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

# Makes `import torch` fail as it does where it is not installed.
_WITHOUT_TORCH = """
import sys


class Absent:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent)
"""


class Environment:
    """A virtual environment in a folder of its own.

    Args:
        folder: of the environment; made by one of the class methods.
        variables: of its processes, beside those of this one.
    """

    def __init__(self, folder: Path, **variables: str):
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TFVC_CHECKPOINTS")}
        self._variables = {**kept, **variables}

    @classmethod
    def empty(cls, folder: Path, requirements: Sequence[str], **variables: str) -> "Environment":
        """Python, pip, and the requirements with all that they depend on, from the package index."""
        venv.create(folder, with_pip=True)
        environment = cls(folder, **variables)
        environment._succeed(environment.python, "-m", "pip", "install", "--quiet", *requirements)
        return environment

    @classmethod
    def borrowing(cls, folder: Path, wheels: Sequence[Path], torch: bool, **variables: str) -> "Environment":
        """The wheels alone; what they depend on is that of the environment that runs this.

        Args:
            folder: where it is made.
            wheels: installed as they are.
            torch: whether PyTorch is to be there.
        """
        venv.create(folder, with_pip=False)
        environment = cls(folder, **variables)
        install = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
        environment._succeed(sys.executable, "-m", "pip", "--python", environment.python, *install, *wheels)
        # A path file adds folders, and does not follow the path files in them: an editable tfvc is not seen.
        borrowed = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        (environment.packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
        if not torch:
            (environment.packages / "without_torch.py").write_text(_WITHOUT_TORCH)
            (environment.packages / "without_torch.pth").write_text("import without_torch\n")
        return environment

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where it has its packages."""
        variables = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", scheme="venv", vars=variables))

    def tfvc(self, *arguments: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs the installed `tfvc` in a folder; the exit code must be `code`."""
        return self._run(self.folder / "bin" / "tfvc", *arguments, cwd=cwd, code=code)

    def evaluate(self, code: str, cwd: Path) -> str:
        """What a Python program prints."""
        return self._run(self.python, "-W", "ignore", "-c", code, cwd=cwd, code=0).stdout

    def _succeed(self, *command: object) -> None:
        self._run(*command, cwd=self.folder, code=0)

    def _run(self, *command: object, cwd: Path, code: int) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=cwd, env=self._variables, capture_output=True, text=True)
        assert done.returncode == code, f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done
