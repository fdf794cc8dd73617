"""Files of goldens: tensors as one stack computed them, each in float64 and in float32, large ones folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from parity_tests.legacy.values import fold

FOLDER = Path(__file__).with_name("goldens")


@dataclass(frozen=True)
class Twin:
    """One tensor in both precisions, folded if it is large."""

    double: np.ndarray
    single: np.ndarray


def twins(double: Mapping[str, np.ndarray], single: Mapping[str, np.ndarray]) -> dict[str, Twin]:
    """The tensors that a computation gave in float64 and in float32, under the same names."""
    assert double.keys() == single.keys()
    return {name: Twin(fold(double[name]), fold(single[name])) for name in double}


def write(path: Path, goldens: Mapping[str, Twin]) -> None:
    """One file; the same tensors give the same bytes."""
    arrays = {f"{name}|double": twin.double for name, twin in goldens.items()}
    arrays |= {f"{name}|single": twin.single for name, twin in goldens.items()}
    np.savez_compressed(path, **arrays)


def read(path: Path) -> dict[str, Twin]:
    """What `write` wrote."""
    with np.load(path, allow_pickle=False) as file:
        names = [key.removesuffix("|double") for key in file.files if key.endswith("|double")]
        return {name: Twin(file[f"{name}|double"], file[f"{name}|single"]) for name in names}
