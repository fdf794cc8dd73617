"""The two spellings of weight normalisation in torch's state dicts, and how a fused state dict is told.

`torch.nn.utils.weight_norm` writes `X.weight_g` and `X.weight_v`, its successor
`torch.nn.utils.parametrizations.weight_norm` calls the same tensors `X.parametrizations.weight.original0` and
`original1`. The published checkpoints have the first; here it is the only one behind `load_state_dict`, and the one
that is written, which modules of both kinds read.
"""

import numpy as np

from tfvc.weights.errors import WeightError

_OLDER = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}


def older_spelling(state: dict[str, np.ndarray], where: str = "state dict") -> dict[str, np.ndarray]:
    """The state dict with `weight_g` and `weight_v`, in its own order; all other keys are as they were.

    Raises:
        WeightError: if a tensor is there in both spellings.
    """
    renamed = {}
    for key, value in state.items():
        name = _older(key)
        if name in renamed or (name != key and name in state):
            raise WeightError(f"{where}: {name} is there twice, the other is spelled as a parametrization; remove one")
        renamed[name] = value
    return renamed


def is_fused(state: dict[str, np.ndarray]) -> bool:
    """Whether the weight normalisation has been taken out: no tensor is a length `weight_g`, in either spelling."""
    return not any(_older(key).endswith(".weight_g") for key in state)


def _older(key: str) -> str:
    for newer, older in _OLDER.items():
        if key.endswith(f".{newer}"):
            return key.removesuffix(newer) + older
    return key
