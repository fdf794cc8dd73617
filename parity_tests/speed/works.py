"""A layer or a model, forward or forward and backward, as work that can be timed."""

import numpy as np
import tensorflow as tf
import torch

from parity_tests.speed.row import Work


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal, float32."""
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def keras_work(model, *inputs: np.ndarray, backward: bool = False) -> Work:
    """One call of a Keras layer or of a function in a graph, with the gradients of its first input and its weights.

    The gradients only if `backward` is set.
    """
    inputs = [tf.constant(x) for x in inputs]

    @tf.function
    def forward():
        return model(*inputs)

    @tf.function
    def both():
        with tf.GradientTape() as tape:
            tape.watch(inputs[0])
            y = model(*inputs)
        # Both are given back: what nobody asks for, a graph does not compute.
        return y, tape.gradient(y, [inputs[0], *model.trainable_variables], output_gradients=tf.ones_like(y))

    return both if backward else forward


def torch_work(module, *inputs: np.ndarray, backward: bool = False) -> Work:
    """The same of a torch module or function, eager."""
    inputs = [torch.from_numpy(np.ascontiguousarray(x)) for x in inputs]
    if backward:
        inputs[0].requires_grad_()

    def forward():
        with torch.inference_mode():
            return module(*inputs)

    def both():
        y = module(*inputs)
        y = y[0] if isinstance(y, tuple) else y  # an LSTM's state is left alone
        return y, torch.autograd.grad(y, [inputs[0], *module.parameters()], torch.ones_like(y))

    return both if backward else forward


def layout_of_torch(x: np.ndarray) -> np.ndarray:
    """`[batch, time, channels]` as torch's convolutions want it: `[batch, channels, time]`."""
    return x.transpose(0, 2, 1)
