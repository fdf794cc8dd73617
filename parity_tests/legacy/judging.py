"""What tfvc computes beside a golden, judged as the harness judges a Keras model beside a torch one."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from parity_tests.legacy import golden
from parity_tests.legacy.golden import Twin, twins
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.judging.judgement import Sample, judge
from tfvc.parity.sides.precision import precision

Tensors = Mapping[str, tf.Tensor | np.ndarray]


def committed(name: str) -> dict[str, Twin]:
    """The goldens of a file."""
    return golden.read(golden.FOLDER / f"{name}.npz")


def in_both(compute: Callable[[str], Tensors]) -> dict[str, Twin]:
    """The tensors that `compute(dtype)` gives, in float64 and in float32."""
    found = []
    for dtype in ("float64", "float32"):
        with precision(dtype):
            found.append({name: np.asarray(tensor) for name, tensor in compute(dtype).items()})
    return twins(*found)


def rows(theirs: Mapping[str, Twin], ours: Mapping[str, Twin]) -> list[Row]:
    """One verdict a tensor; in float64 they must agree to 1e-10, in float32 within four times the measured noise."""
    assert theirs.keys() == ours.keys(), theirs.keys() ^ ours.keys()
    samples = {
        name: Sample(twin.double, ours[name].double, twin.single, ours[name].single) for name, twin in theirs.items()
    }
    return judge(samples, Stage(Phase.FORWARD, StageKind.OUTPUTS))


def require_equal(theirs: Mapping[str, Twin], ours: Mapping[str, Twin]) -> None:
    """Fails, naming the tensors, if one of them differs."""
    assert theirs
    failed = [f"{row.key}: {row.reason}" for row in rows(theirs, ours) if row.failed]
    assert not failed, "\n".join(failed)


def below(goldens: Mapping[str, Twin], prefix: str) -> dict[str, Twin]:
    """The goldens whose names begin with `prefix/`, without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): twin for name, twin in goldens.items() if name.startswith(start)}
