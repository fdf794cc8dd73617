"""Weight normalisation computed once and for all, for inference."""

import tensorflow as tf

from tfvc.layers import WeightNorm
from tfvc.models.preset import PresetModel


def copy_fused(model: PresetModel, plain: PresetModel) -> None:
    """Gives a model without weight normalisation the weights of one that has it, and is the same otherwise.

    Args:
        model: whose kernels may be under `WeightNorm`.
        plain: of the same configuration, whose kernels are plain ones.
    """
    for mine, its in zip(model.torch_keys.pairs(model), plain.torch_keys.pairs(plain), strict=True):
        source, target = (pair[1] if isinstance(pair, tuple) else pair for pair in (mine, its))
        if isinstance(source, WeightNorm) and not isinstance(target, WeightNorm):
            target.kernel.assign(source.normalized_kernel())
            if target.use_bias:
                target.bias.assign(tf.convert_to_tensor(source.layer.bias))
        else:
            for old, new in zip(_variables(source), _variables(target), strict=True):
                new.assign(tf.convert_to_tensor(old))


def _variables(layer):
    """Those of a layer or of an entry."""
    return layer.weights if hasattr(layer, "weights") else layer.variables
