"""Wrong settings of an optimizer; they are of no layer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras

from parity_tests.foreign.planting.kind import TRAIN, Kind, Site, words
from tfvc.optimizers.adam import Adam
from tfvc.parity import OptimizerPair, ParityCase

RATE = 1e-2


def _model(*values: Any) -> Callable[[Site], Any]:
    """Optimizers are the whole model's; not of the two that take long to train."""
    return lambda site: values if site.index == 0 and site.pair not in ("mobilenet", "resnet") else ()


def _adam(name: str) -> Callable[[ParityCase, int, Any], ParityCase]:
    """Adam with one other setting."""

    def plant(case: ParityCase, index: int, value: Any) -> ParityCase:
        def factory(rate: float, clip: float | None) -> Any:
            return Adam(**{"learning_rate": rate, "clip_grad_norm": clip, name: value})

        return replace(case, optimizer=OptimizerPair(RATE, keras_factory=factory))

    return plant


def _sgd(wrong: Callable[[Any], dict[str, Any]], **right: Any) -> Callable[[ParityCase, int, Any], ParityCase]:
    """torch's SGD with these settings, Keras's with those."""

    def plant(case: ParityCase, index: int, value: Any) -> ParityCase:
        import torch

        return replace(
            case,
            optimizer=OptimizerPair(
                RATE,
                keras_factory=lambda rate, clip: keras.optimizers.SGD(**{"learning_rate": rate, **wrong(value)}),
                torch_factory=lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, **right),
            ),
        )

    return plant


def _unclipped(case: ParityCase, index: int, value: float) -> ParityCase:
    return replace(
        case,
        optimizer=OptimizerPair(RATE, clip_grad_norm=value, keras_factory=lambda rate, clip: Adam(rate)),
    )


def _figure(name: str) -> Callable[[Any], Any]:
    return lambda value: [[name], [f"{value:g}"]]


KINDS = [
    Kind("Adam: beta_1", _model(0.5, 0.8), _adam("beta_1"), _figure("beta_1"), TRAIN, culprit="optimizer"),
    Kind("Adam: beta_2", _model(0.99, 0.98), _adam("beta_2"), _figure("beta_2"), TRAIN, culprit="optimizer"),
    Kind("Adam: epsilon", _model(1e-7, 1e-6), _adam("epsilon"), _figure("epsilon"), TRAIN, culprit="optimizer"),
    Kind(
        "Adam: learning rate",
        _model(9e-3, 1.1e-2),
        _adam("learning_rate"),
        _figure("learning rate"),
        TRAIN,
        culprit="optimizer",
    ),
    Kind(
        "SGD: momentum missing",
        _model(0.0),
        _sgd(lambda value: {"momentum": value}, momentum=0.9),
        words("momentum"),
        TRAIN,
        culprit="optimizer",
    ),
    Kind(
        "SGD: Nesterov",
        _model(True),
        _sgd(lambda value: {"momentum": 0.9, "nesterov": value}, momentum=0.9),
        words("nesterov"),
        TRAIN,
        culprit="optimizer",
    ),
    Kind(
        "SGD: weight decay missing",
        _model(0.0),
        _sgd(lambda value: {}, weight_decay=0.01),
        words("weight decay", "decay"),
        TRAIN,
        culprit="optimizer",
    ),
    Kind(
        "clipping missing",
        _model(0.01),
        _unclipped,
        words("clip"),
        TRAIN,
        culprit="gradient clipping",
    ),
]
