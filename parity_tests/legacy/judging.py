"""What tfvc computes beside what Keras 2 did: two dumps, judged as `tfvc parity judge` judges them."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from parity_tests.legacy.values import drawn, fold
from tfvc.parity.dumped import Dump, Dumped, judge_dumps, read_dump
from tfvc.parity.sides.precision import precision

FOLDER = Path(__file__).with_name("goldens")
Tensors = Mapping[str, tf.Tensor | np.ndarray]


def committed(name: str) -> Dumped:
    """What Keras 2 computed."""
    return read_dump(FOLDER / name)


def require_equal(theirs: Dumped, compute: Callable[[str], Tensors]) -> None:
    """Fails, with the report, if `compute(dtype)` gives anything else in float64 or in float32."""
    stages = {one.name: one.where for one in theirs.header.tensors}
    drawn.clear()
    found = []
    for dtype in ("float64", "float32"):
        with precision(dtype):
            found.append({name: fold(tensor) for name, tensor in compute(dtype).items()})
        assert stages.keys() == found[-1].keys(), stages.keys() ^ found[-1].keys()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tfvc"
        with Dump(path, theirs.header.case, {"tensorflow": tf.__version__, "keras": keras.__version__}) as dump:
            dump.give(inputs=drawn)
            for stage in dict.fromkeys(stages.values()):
                dump.add(stage, *({name: x for name, x in of.items() if stages[name] == stage} for of in found))
        ours = read_dump(path)
    # A test computes a part of what is kept, from a part of the inputs.
    judge_dumps(theirs.given(drawn), ours).raise_on_failure()
