"""A layer that is right but for a precision that it loses."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfvc.parity.findings.layer import Diagnosis, Evidence, Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.tracing import isolated as local
from tfvc.parity.tracing.layer_views import LayerViews, Passage

# The part of the noise that must be left if the cause is right.
LEFT = 0.05


def imprecise(views: LayerViews, passage: Passage, layer: Layer, row: Row) -> Diagnosis:
    """Which coarser format the layer's input or weights have been through."""
    import torch

    formats = {
        "bfloat16": lambda x: x.to(torch.bfloat16).to(x.dtype),
        "float16": lambda x: x.to(torch.float16).to(x.dtype),
        "TensorFloat-32": _tensor_float,
    }
    feed = views.feed(passage, row.phase == "backward")
    pair = passage.pair
    module = views.torch64.module.get_submodule(pair.path)
    ours = local.run_keras(views.keras32, pair, feed)
    found = ours.gradients if row.phase == "backward" else ours.outputs
    before = _error(_run(views, module, feed, lambda x: x, lambda x: x), found)
    evidence = []
    for name, coarse in formats.items():
        for what, changes in {
            "its input": (coarse, lambda x: x),
            "its weights": (lambda x: x, coarse),
            "its input and its weights": (coarse, coarse),
        }.items():
            after = _error(_run(views, module, feed, *changes), found)
            evidence.append(Evidence(f"{name}: {what}", before, after, after < LEFT * before))
            if after < LEFT * before:
                return Diagnosis(
                    layer.name,
                    "layer",
                    layer.keras_path,
                    row,
                    f"precision: {name}",
                    f"In float32 the layer rounds {what} to {name}.",
                    "Compute in the layer's own dtype: no casts, no mixed_bfloat16 policy, no TensorFloat-32.",
                    tuple(sorted(evidence, key=lambda e: not e.explains)),
                )
    cause = "In float64 the layer is right; in float32 it is noisier than rounding allows."
    mend = "Look for casts to a coarser dtype, and for sums that lose digits."
    return Diagnosis(layer.name, "layer", layer.keras_path, row, "precision", cause, mend, tuple(evidence))


def _run(views: LayerViews, module: Any, feed: local.Feed, on_input: Callable, on_weights: Callable) -> dict:
    """The float64 reference with an input and weights that were rounded."""
    from dataclasses import replace

    import torch

    rounded = [on_input(torch.tensor(x)).numpy() if x.dtype.kind == "f" else x for x in feed.inputs]
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(on_weights(p.float()).double())
    try:
        result = local.run_torch(views.torch64, module, replace(feed, inputs=rounded))
    finally:
        with torch.no_grad():
            for name, p in module.named_parameters():
                p.copy_(before[name])
    return result.gradients if feed.cotangents is not None else result.outputs


def _error(theirs: dict, ours: dict) -> float:
    shared = [name for name in theirs if name in ours]
    return max(
        (float(np.linalg.norm(theirs[k] - ours[k]) / max(np.linalg.norm(theirs[k]), 1e-300)) for k in shared),
        default=0.0,
    )


def _tensor_float(x: Any) -> Any:
    """Ten bits of mantissa, rounded to the nearest."""
    import torch

    bits = x.view(torch.int32)
    return ((bits + (1 << 12)) & ~((1 << 13) - 1)).view(torch.float32).reshape(x.shape)
