"""Computes the goldens and saves the files: `python -m parity_tests.legacy.keras2 FOLDER`."""

import json
import sys
from pathlib import Path

import tensorflow as tf

from parity_tests.legacy.forms import CROP
from parity_tests.legacy.keras2 import adam, autovc, mel, melgan, weight_norm
from parity_tests.legacy.keras2.dumping import write
from parity_tests.legacy.keras2.weights import layout
from parity_tests.legacy.values import drawn

GOLDENS = {
    "weight_norm": weight_norm.goldens,
    "mel": mel.goldens,
    "melgan": melgan.goldens,
    "autovc": autovc.goldens,
    "adam": adam.goldens,
}


def save_files(folder: Path) -> None:
    """Saves every network as its article does, and beside each file its layout."""
    models = {
        "melgan_{}": melgan.create,
        "autovc_{}": lambda: autovc.create(CROP),
        "autovc_{}_over_time": lambda: autovc.create(CROP, over_time=True),
    }
    for name, create in models.items():
        tf.keras.backend.clear_session()  # names count from one again
        for part, network in create().items():
            path = folder / f"{name.format(part)}.h5"
            network.save_weights(path)
            text = json.dumps(layout(path)).replace('"layers": {', '"layers": {\n').replace("]], ", "]],\n")
            path.with_suffix(".json").write_text(text + "\n")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for name, goldens in GOLDENS.items():
        drawn.clear()
        write(folder / name, goldens())
        print(f"computed {name}", flush=True)
    save_files(folder)
    print(f"saved {', '.join(sorted(path.name for path in folder.glob('*.h5')))}")


main()
