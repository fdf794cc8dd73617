"""Holding out whole speakers for validation."""

import hashlib
from collections.abc import Iterable

from tfvc.common.errors import TfvcError
from tfvc.data.feature_set import FeatureSet


def split_speakers(feature_set: FeatureSet, validation_speakers: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """(training speakers, validation speakers), each sorted; see `split_names`."""
    return split_names(feature_set.speakers, validation_speakers, seed)


def split_names(speakers: Iterable[str], validation_speakers: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Holds out those speakers whose name hashes lowest.

    A speaker's rank depends on its own name and the seed only: one more speaker displaces at most one held-out one.

    Raises:
        TfvcError: no speaker would be left to train on.
    """
    names = sorted(set(speakers))
    if not 0 <= validation_speakers < len(names):
        raise TfvcError(
            f"cannot hold out {validation_speakers} of {len(names)} speakers for validation; "
            f"choose 0 to {len(names) - 1}"
        )
    ranked = sorted(names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode(errors="surrogateescape")).digest())
    held_out = set(ranked[:validation_speakers])
    return [name for name in names if name not in held_out], sorted(held_out)
