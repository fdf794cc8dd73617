"""Writes what this stack computes as a dump, whose format is in `tfvc/parity/dumped/README.md`: tfvc is not here."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from parity_tests.legacy.values import drawn

# One tensor in float64 and in float32.
Pair = tuple[np.ndarray, np.ndarray]


def write(folder: Path, tensors: Mapping[str, Pair]) -> None:
    """One dump, of the case that the folder is named after; the same tensors give the same bytes."""
    folder.mkdir(parents=True)
    for i, precision in enumerate(("float64", "float32")):
        save_file(
            {name: np.array(pair[i], order="C") for name, pair in tensors.items()}, folder / f"{precision}.safetensors"
        )
    packages = ("tensorflow-cpu", "keras", "tensorflow-addons", "tensorflow-io", "numpy")
    hashes = {name: hashlib.sha256(x.astype("<f4").tobytes()).hexdigest() for name, x in drawn.items()}
    header = {
        "format": "tfvc parity dump 1",
        "case": folder.name,
        "versions": {name: version(name) for name in packages},
        "given": [{"kind": "input", "name": name, "sha256": of} for name, of in hashes.items()],
        "tensors": [{"tensor": name, "name": name, **_stage(name)} for name in tensors],
    }
    (folder / "dump.json").write_text(json.dumps(header).replace("}, {", "},\n {") + "\n")


def _stage(name: str) -> dict[str, str]:
    backward = any(part.startswith("gradient") for part in name.split("/"))
    return {"phase": "backward", "stage": "gradients"} if backward else {"phase": "forward", "stage": "outputs"}
