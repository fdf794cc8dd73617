"""Each layer of `tfvc.layers` beside the torch layer that it equals, in any size."""

from tfvc.cases.layers.convolutions import column_conv2d, conv1d, conv1d_transpose, conv2d, grouped_conv1d
from tfvc.cases.layers.kernel_norms import spectral_norm, weight_norm
from tfvc.cases.layers.plain import average_pool1d, batch_norm, dense, lstm
from tfvc.cases.layers.single import layer_entries, normal_inputs, without_training

CASES = {
    "dense": dense,
    "conv1d": conv1d,
    "conv1d_transpose": conv1d_transpose,
    "grouped_conv1d": grouped_conv1d,
    "column_conv2d": column_conv2d,
    "conv2d": conv2d,
    "weight_norm": lambda: weight_norm(conv1d()),
    "spectral_norm": lambda: spectral_norm(conv1d()),
    "average_pool1d": average_pool1d,
    "batch_norm": batch_norm,
    "lstm": lstm,
}

__all__ = [
    "CASES",
    "average_pool1d",
    "batch_norm",
    "column_conv2d",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "dense",
    "grouped_conv1d",
    "layer_entries",
    "lstm",
    "normal_inputs",
    "spectral_norm",
    "weight_norm",
    "without_training",
]
