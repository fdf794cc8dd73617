"""Missing and doubled parts, wrong order, axis, padding, mask: what happens in the call of a layer."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from parity_tests.foreign.planting.constants import NORMS
from parity_tests.foreign.planting.kind import BACKWARD, Kind, Site, around_call, in_layer, of, words

CONVS = (layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D, layers.DepthwiseConv2D)
PROJECTIONS = (layers.Dense, layers.EinsumDense)


def _biases(site: Site) -> Sequence[float]:
    """Not of an attention's keys: it moves all scores of a query alike, which no softmax sees."""
    keys = [layer.key_dense for layer in site.layers if isinstance(layer, layers.MultiHeadAttention)]
    biased = isinstance(site.layer, (*CONVS, *PROJECTIONS)) and site.crosses("bias")
    return (0.0, 2.0) if biased and not any(site.layer is key for key in keys) else ()


def _plant_bias(layer: keras.layers.Layer, times: float) -> None:
    """Adds the bias so many times."""
    function, call = getattr(layer, "activation", None), layer.call
    layer.activation = None

    def wrong(x: Any, **more: Any) -> Any:
        y = call(x, **more) + (times - 1) * ops.convert_to_tensor(layer.bias)
        return y if function is None else function(y)

    layer.call = wrong


def _along_frames(call: Callable, layer: keras.layers.Layer, value: Any) -> Callable:
    """Statistics along the frames, not along the channels."""

    def wrong(x: Any) -> Any:
        mean, variance = ops.moments(x, axes=[1], keepdims=True)
        return (x - mean) / ops.sqrt(variance + layer.epsilon) * layer.gamma + layer.beta

    return wrong


def _masked(site: Site) -> Sequence[None]:
    """Attentions that the pairs call with a mask."""
    masked = ("bert", "gpt2", "transformer_encoder")
    return (None,) if isinstance(site.layer, layers.MultiHeadAttention) and site.pair in masked else ()


def _with_mask(change: Callable[[Any], Any]) -> Callable:
    return around_call(
        lambda call, layer, value: (
            lambda *x, attention_mask=None, **more: call(*x, attention_mask=change(attention_mask), **more)
        )
    )


def _dropouts(block: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The dropouts of a block with an attention, the attention's own first."""
    parts = [value for name, value in vars(block).items() if isinstance(value, layers.Dropout)]
    attends = any(isinstance(value, layers.MultiHeadAttention) for value in vars(block).values())
    return parts if attends else []


def _plant_residual(block: keras.layers.Layer, times: float) -> None:
    """Adds what the block was given so many times to what its attention gives."""
    given: list[Any] = []
    call, dropout = block.call, _dropouts(block)[0]
    dropped = dropout.call

    def remember(x: Any, *y: Any, **more: Any) -> Any:
        given[:] = [x]
        return call(x, *y, **more)

    block.call = remember
    # The block adds it once more.
    dropout.call = lambda x, **more: dropped(x, **more) + (times - 1) * given[0]


def _part(call: Callable, layer: keras.layers.Layer, value: Sequence[float]) -> Callable:
    """One of the terms so many times."""
    index, times = value
    return lambda parts: call([x * times if i == index else x for i, x in enumerate(parts)])


def _later(x: Any) -> Any:
    """One step later along the first axis behind the batch, a zero in front."""
    return ops.pad(x[:, :-1], [[0, 0], [1, 0]] + [[0, 0]] * (len(x.shape) - 2))


def _same_of_three(site: Site) -> Sequence[None]:
    """Convolutions over three that keep their size."""
    layer = site.layer
    fits = isinstance(layer, CONVS) and layer.padding == "same" and layer.kernel_size[0] == 3
    return (None,) if fits and max(layer.strides) == 1 else ()


def _repeated_border(layer: keras.layers.Layer, value: Any) -> None:
    """Repeats the border where zeros should be."""
    layer.padding = "valid"
    half = [d * (k - 1) // 2 for d, k in zip(layer.dilation_rate, layer.kernel_size, strict=True)]
    call, around = layer.call, [[0, 0], *([size, size] for size in half), [0, 0]]
    layer.call = lambda x: call(ops.pad(x, around, mode="symmetric"))


def _other_pooling(call: Callable, layer: keras.layers.Layer, value: Any) -> Callable:
    if isinstance(layer, layers.GlobalAveragePooling2D):
        return lambda x: ops.max(x, axis=[1, 2])
    return lambda x: ops.average_pool(x, layer.pool_size, layer.strides, layer.padding)


def _weighted(site: Site) -> Sequence[None]:
    """Layers with weights and without layers in them."""
    parts = [part for part in site.layers if part is not site.layer and part.path and site.layer.path]
    inner = any(part.path.startswith(f"{site.layer.path}/") for part in parts)
    return (None,) if site.index and site.layer.weights and not inner else ()


def _coarse(call: Callable, layer: keras.layers.Layer, value: Any) -> Callable:
    def wrong(x: Any, **more: Any) -> Any:
        y = call(x, **more)
        return ops.cast(ops.cast(y, "bfloat16"), y.dtype)

    return wrong


def _off_by_one(call: Callable, layer: keras.layers.Layer, value: Any) -> Callable:
    rows = layer.weights[0].shape[0]
    if isinstance(layer, layers.Embedding):
        return lambda x, **more: call((x + 1) % rows, **more)
    return lambda x, **more: call(x, **{**more, "start_index": 1})


def _is_position_embedding(site: Site) -> bool:
    return type(site.layer).__name__ == "PositionEmbedding"


KINDS = [
    Kind(
        "bias missing or doubled",
        _biases,
        in_layer(_plant_bias),
        lambda value: [["bias"], ["twice", "double"] if value else ["not add", "missing", "left out", "no bias"]],
    ),
    Kind(
        "norm missing",
        of(NORMS),
        around_call(lambda call, layer, value: lambda x, **more: x),
        words("not applied", "missing", "left out", "no norm", "identity"),
    ),
    Kind(
        "norm doubled",
        of(NORMS),
        around_call(lambda call, layer, value: lambda x, **more: call(call(x, **more), **more)),
        words("twice", "doubled"),
    ),
    Kind("axis of a norm", of(layers.LayerNormalization), around_call(_along_frames), words("axis", "along", "axes")),
    Kind("mask inverted", _masked, _with_mask(lambda mask: ops.equal(mask, 0)), words("invert"), around=True),
    Kind("mask missing", _masked, _with_mask(lambda mask: None), words("mask"), around=True),
    Kind(
        "causal mask missing",
        lambda site: (None,) if type(site.layer).__name__ == "TransformerDecoder" else (),
        around_call(lambda call, layer, value: lambda *x, **more: call(*x, **{**more, "use_causal_mask": False})),
        words("mask", "causal"),
        around=True,
        within=(layers.MultiHeadAttention,),
    ),
    Kind(
        "residual missing or doubled",
        lambda site: (0.0, 2.0) if _dropouts(site.layer) else (),
        in_layer(_plant_residual),
        words("residual", "what it was given", "its input", "the block's input"),
        around=True,
    ),
    Kind(
        "term missing or doubled",
        lambda site: [(i, times) for i in (0, 1) for times in (0.0, 2.0)] if isinstance(site.layer, layers.Add) else (),
        around_call(_part),
        words("residual", "term", "summand", "what is added", "is not added", "added twice"),
        around=True,
    ),
    Kind(
        "padding of a convolution moved",
        lambda site: (None,) if isinstance(site.layer, CONVS) and site.layer.kernel_size[0] > 1 else (),
        around_call(lambda call, layer, value: lambda x: call(_later(x))),
        words("padding", "pads", "padded", "shift"),
    ),
    Kind(
        "padding repeats the border",
        _same_of_three,
        in_layer(_repeated_border),
        words("replicat", "symmetric", "reflect", "border", "padding mode"),
    ),
    Kind(
        "another pooling",
        of((layers.MaxPooling2D, layers.GlobalAveragePooling2D)),
        around_call(_other_pooling),
        words("average", "mean", "maximum", "pooling"),
        around=True,
    ),
    Kind(
        "index off by one",
        lambda site: (None,) if isinstance(site.layer, layers.Embedding) or _is_position_embedding(site) else (),
        around_call(_off_by_one),
        words("index", "indices", "shift", "off by", "row"),
    ),
    Kind(
        "embedding scaled",
        of(layers.Embedding),
        around_call(lambda call, layer, value: lambda x, **more: call(x, **more) * layer.output_dim**0.5),
        words("scale", "times", "factor", "root"),
    ),
    Kind(
        "inference in training",
        of(layers.BatchNormalization),
        around_call(lambda call, layer, value: lambda x, **more: call(x, **{**more, "training": False})),
        words("inference", "training", "running statistics do not move", "not moved"),
    ),
    Kind(
        "order of a concatenation",
        of(layers.Concatenate),
        around_call(lambda call, layer, value: lambda parts: call(parts[::-1])),
        words("order", "exchanged", "permutation", "permuted", "reversed", "flipped"),
        around=True,
    ),
    Kind(
        "order of axes",
        of(layers.Flatten),
        around_call(lambda call, layer, value: lambda x: call(ops.transpose(x, [0, *range(len(x.shape) - 1, 0, -1)]))),
        words("order", "transpos", "permut", "reshape", "axes"),
        around=True,
    ),
    Kind(
        "gradient stopped",
        _weighted,
        around_call(lambda call, layer, value: lambda *x, **more: tf.stop_gradient(call(*x, **more))),
        words("stop", "no gradient", "zero"),
        BACKWARD,
        around=True,
    ),
    Kind("coarse precision", _weighted, around_call(_coarse), words("bfloat16")),
]
