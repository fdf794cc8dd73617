"""Adam and AdamW take torch's steps, down to gradients where epsilon decides, with and without clipping."""

import numpy as np
import pytest
import tensorflow as tf
import torch

from tfvc.optimizers.adam import Adam, AdamW
from tfvc.parity.sides.precision import precision
from tfvc.testing import assert_equal_in_float64, assert_equal_within_noise

SHAPES = [(3, 4), (5,), (2, 3, 2)]
PAIRS = {
    "adam": (Adam, torch.optim.Adam),
    "adamw": (AdamW, torch.optim.AdamW),
}


def draw_gradients(size: float, steps: int) -> list[list[np.ndarray]]:
    """Gradients of one size whose elements spread over four decades, zeros among them."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(steps):
        step = [size * rng.standard_normal(s) * 10.0 ** rng.uniform(-2, 2, s) for s in SHAPES]
        step[1][0] = 0.0
        drawn.append([g.astype(np.float32) for g in step])
    return drawn


def torch_run(kind, gradients, dtype, clip) -> list[list[np.ndarray]]:
    parameters = [torch.nn.Parameter(torch.full(s, 0.5, dtype=getattr(torch, dtype))) for s in SHAPES]
    optimizer = PAIRS[kind][1](parameters, lr=1e-3)
    history = []
    for step in gradients:
        for parameter, gradient in zip(parameters, step, strict=True):
            parameter.grad = torch.from_numpy(gradient).to(parameter.dtype)
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        slots = [optimizer.state[p][name].numpy().copy() for name in ("exp_avg", "exp_avg_sq") for p in parameters]
        history.append([*(p.detach().numpy().copy() for p in parameters), *slots])
    return history


def keras_run(kind, gradients, dtype, clip) -> list[list[np.ndarray]]:
    import keras

    with precision(dtype):
        variables = [keras.Variable(np.full(s, 0.5), dtype=dtype) for s in SHAPES]
        optimizer = PAIRS[kind][0](1e-3, clip_grad_norm=clip)
        optimizer.build(variables)
        history = []
        for step in gradients:
            optimizer.apply([tf.constant(g, dtype) for g in step], variables)
            slots = [*optimizer.momentums, *optimizer.velocities]
            history.append([np.array(v) for v in [*variables, *slots]])
    return history


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("size", [1.0, 1e-8])
@pytest.mark.parametrize("clip", [None, 1e-9, 1e3])
def test_twelve_steps(kind, size, clip):
    gradients = draw_gradients(size, 12)
    runs = [run(kind, gradients, dtype, clip) for dtype in ("float64", "float32") for run in (keras_run, torch_run)]
    for tensors in zip(*runs, strict=True):
        for ours, theirs, ours32, theirs32 in zip(*tensors, strict=True):
            assert_equal_in_float64(ours, theirs)
            assert_equal_within_noise(ours32, theirs, theirs32)


def test_the_first_step_for_a_gradient_of_the_size_of_epsilon():
    """The number in the table of differences: torch -5.0e-4; epsilon before the correction would give -3.1e-5."""
    gradient = [[np.full(s, 1e-8, np.float32) for s in SHAPES]]
    for run in (keras_run, torch_run):
        moved = run("adam", gradient, "float64", None)[0][0] - 0.5
        np.testing.assert_allclose(moved, -5.0e-4, rtol=1e-6)
