"""A new process that imports the package, which is what every command begins with."""

import subprocess
import sys

from parity_tests.speed.row import Row

# What each needs to build a model: `import tfvc` alone leaves TensorFlow aside.
IMPORTS = {"tfvc": "import tfvc; tfvc.VoiceConverter", "torch": "import torch", "keras": "import keras"}


def rows():
    yield "import in a new process", _row


def _row():
    return Row(
        *(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True) for code in IMPORTS.values())
    )
