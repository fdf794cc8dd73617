"""What a model's training step takes of a batch, by name."""

from collections.abc import Mapping
from typing import Any

from tfvc.common.errors import TfvcError


def named(batch: Any, wanted: tuple[str, ...], optional: tuple[str, ...], model: str) -> list[Any]:
    """The wanted arrays of a batch and then the optional ones, None for those that it does not have.

    Args:
        batch: what a dataset yields, a dict from names to arrays.
        wanted: names that must be in it.
        optional: names that may be in it; no others may.
        model: what messages call the model.

    Raises:
        TfvcError: no dict, a name missing or unknown; it tells what is wanted and what the batch has.
    """
    if not isinstance(batch, Mapping):
        has = f"a {type(batch).__name__}"
    elif set(wanted) <= batch.keys() <= {*wanted, *optional}:
        return [batch.get(name) for name in (*wanted, *optional)]
    else:
        has = ", ".join(batch) or "nothing"
    also = f" and optionally {', '.join(optional)}" if optional else ""
    raise TfvcError(f"{model} trains on batches of {', '.join(wanted)}{also}; the dataset yields {has}")
