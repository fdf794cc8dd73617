"""Optimizers and clipping."""

from typing import Any

import keras

from parity_tests.mutations import network as net
from parity_tests.mutations.planted.mutation import TRAIN, Mutation
from tfvc.optimizers.adam import Adam, AdamW
from tfvc.parity import OptimizerPair, ParityCase


class KerasAdam(keras.optimizers.Adam):
    """Keras's own, which adds epsilon before the bias correction."""


def adam(**settings: Any) -> ParityCase:
    """Our Adam with a wrong constant, beside torch's default."""
    rate = settings.pop("rate", 1.0)
    pair = OptimizerPair(1e-3, keras_factory=lambda r, clip: Adam(r * rate, **settings))
    return net.projection(pair)


def keras_adam() -> ParityCase:
    return net.projection(OptimizerPair(1e-3, keras_factory=lambda r, clip: KerasAdam(r, epsilon=1e-8)))


def clipping(**settings: Any) -> ParityCase:
    return net.projection(OptimizerPair(1e-3, clip_grad_norm=1e-3, keras_factory=lambda r, c: Adam(r, **settings)))


def adamw_decay() -> ParityCase:
    def torch_factory(parameters, rate):
        import torch

        return torch.optim.AdamW(parameters, lr=rate)

    pair = OptimizerPair(1e-3, keras_factory=lambda r, clip: AdamW(r, decay=4e-3), torch_factory=torch_factory)
    return net.projection(pair)


def coupled_decay() -> ParityCase:
    def torch_factory(parameters, rate):
        import torch

        return torch.optim.Adam(parameters, lr=rate, weight_decay=1e-2)

    return net.projection(OptimizerPair(1e-3, torch_factory=torch_factory))


MUTATIONS = [
    Mutation("Adam: epsilon before the correction", "Adam", keras_adam, TRAIN, "optimizer", "epsilon hat"),
    Mutation("Adam: epsilon 1e-5", "Adam", lambda: adam(epsilon=1e-5), TRAIN, "optimizer", "optimizer epsilon"),
    Mutation("Adam: beta_2 0.99", "Adam", lambda: adam(beta_2=0.99), TRAIN, "optimizer", "beta_2"),
    Mutation(
        "Adam: learning rate 1 % too high",
        "learning rate",
        lambda: adam(rate=1.01),
        TRAIN,
        "optimizer",
        "learning rate",
    ),
    Mutation("AdamW: decay 0.004", "AdamW", adamw_decay, TRAIN, "optimizer", "weight decay"),
    Mutation("Adam: no L2 decay", "AdamW", coupled_decay, TRAIN, "optimizer", "coupled weight decay"),
    Mutation(
        "clipping: each variable by itself",
        "clipping",
        lambda: clipping(clipnorm=1e-3),
        TRAIN,
        "gradient clipping",
        "clipping: each",
    ),
    Mutation("clipping: forgotten", "clipping", lambda: clipping(), TRAIN, "gradient clipping", "clipping: none"),
]
