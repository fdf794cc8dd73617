"""Computes the goldens and saves the files: `python -m parity_tests.legacy.keras2 FOLDER`."""

import json
import sys
from pathlib import Path

import tensorflow as tf

from parity_tests.legacy import golden
from parity_tests.legacy.keras2 import adam, autovc, mel, melgan, weight_norm
from parity_tests.legacy.keras2.weights import layout

GOLDENS = {
    "weight_norm": weight_norm.goldens,
    "mel": mel.goldens,
    "melgan": melgan.goldens,
    "autovc": autovc.goldens,
    "adam": adam.goldens,
}


def save_files(folder: Path) -> None:
    """Saves every network as its article does, and beside each file its layout."""
    for model, create in (("melgan", melgan.create), ("autovc", lambda: autovc.create(176))):
        tf.keras.backend.clear_session()
        _save(folder, {f"{model}_{name}": network for name, network in create().items()})
    tf.keras.backend.clear_session()
    _save(folder, {f"autovc_{name}_over_time": network for name, network in autovc.create_over_time().items()})


def _save(folder: Path, networks: dict[str, tf.keras.Model]) -> None:
    for name, network in networks.items():
        path = folder / f"{name}.h5"
        network.save_weights(path)
        text = json.dumps(layout(path)).replace('"layers": {', '"layers": {\n').replace("]], ", "]],\n")
        (folder / f"{name}.json").write_text(text + "\n")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for name in sys.argv[2:] or GOLDENS:
        golden.write(folder / f"{name}.npz", GOLDENS[name]())
        print(f"computed {name}", flush=True)
    save_files(folder)
    print(f"saved {', '.join(sorted(path.name for path in folder.glob('*.h5')))}")


main()
