"""`python -m parity_tests.shipping`: the wheel with its dependencies in an empty environment, used by a newcomer.

Everything comes from the package index, TensorFlow too; nothing is taken from a cache of presets.
"""

import tempfile
from pathlib import Path

from parity_tests.shipping import newcomer
from parity_tests.shipping.building import REPOSITORY, build
from parity_tests.shipping.environment import Environment


def main() -> None:
    """Builds, installs and uses; prints each command with its seconds."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        wheel = build("wheel", REPOSITORY, root / "wheel")
        print(f"built {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB", flush=True)
        environment = Environment.empty(root / "environment", [str(wheel)], XDG_CACHE_HOME=str(root / "cache"))
        print("installed it with what it depends on", flush=True)
        folder = root / "empty"
        folder.mkdir()
        newcomer.use(environment, folder, say=lambda line: print(line, flush=True))


main()
