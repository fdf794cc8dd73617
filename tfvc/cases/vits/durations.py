"""Both duration predictors of VITS, the stochastic one in both directions."""

import numpy as np

from tfvc.cases.reference import reference
from tfvc.cases.vits.sides import (
    BATCH,
    SYMBOLS,
    built,
    condition,
    declared,
    first,
    keras_keep,
    torch_keep,
    torch_part,
)
from tfvc.models.vits import torch_keys
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.durations import DurationPredictor, StochasticDurationPredictor
from tfvc.parity.case import ParityCase


def duration_predictor(config: VITSConfig) -> ParityCase:
    """The hidden layer of a text to log-durations: from noise, or without, as the configuration says."""

    def keras_forward(layer, x, training):
        noise = [x["noise"]] if config.use_sdp else []
        keep = keras_keep(x["lengths"], x["hidden"])
        return {"log_durations": layer(x["hidden"], keep, *noise, x.get("g"), training=training)}

    def torch_forward(module, x):
        noise = [first(x["noise"])] if config.use_sdp else []
        keep = torch_keep(x["lengths"], x["hidden"])
        return {"log_durations": first(module["dp"](first(x["hidden"]), keep, *noise, first(x.get("g"))))}

    pairs = torch_keys.stochastic_pairs if config.use_sdp else torch_keys.deterministic_pairs
    return ParityCase(
        "vits_durations",
        _predictor(config),
        torch_part("dp", lambda: _torch_predictor(config)),
        lambda layer: declared(pairs(layer)),
        lambda rng: _inputs(config, rng),
        keras_forward,
        torch_forward,
        lengths={"log_durations": "lengths"},
        description="VITS's duration predictor and its PyTorch reference",
    )


def duration_likelihood(config: VITSConfig) -> ParityCase:
    """Durations to the bound on their negative log-likelihood: the other direction of the stochastic predictor."""

    def inputs(rng):
        return {**_inputs(config, rng), "durations": _durations(rng)}

    def keras_forward(layer, x, training):
        keep = keras_keep(x["lengths"], x["hidden"])
        found = layer(x["hidden"], keep, x["noise"], x.get("g"), x["durations"] * keep, training=training)
        return {"nll": found}

    def torch_forward(module, x):
        keep = torch_keep(x["lengths"], x["hidden"])
        durations = first(x["durations"]) * keep
        return {"nll": module["dp"](first(x["hidden"]), keep, first(x["noise"]), first(x.get("g")), durations)}

    return ParityCase(
        "vits_duration_likelihood",
        _predictor(config),
        torch_part("dp", lambda: _torch_predictor(config)),
        lambda layer: declared(torch_keys.stochastic_pairs(layer)),
        inputs,
        keras_forward,
        torch_forward,
        description="the likelihood of durations in VITS and in its PyTorch reference",
    )


def _predictor(config: VITSConfig):
    return built(lambda: (StochasticDurationPredictor if config.use_sdp else DurationPredictor)(config))


def _torch_predictor(config: VITSConfig):
    vits, hidden, gin = reference("vits"), config.hidden_channels, config.gin_channels
    if config.use_sdp:
        return vits.StochasticDurationPredictor(hidden, 3, 0.5, config.duration_flows, gin)
    return vits.DurationPredictor(hidden, config.duration_filters, 3, 0.5, gin)


def _inputs(config: VITSConfig, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Noise reaches beyond the splines, where they are the identity."""
    noise = {"noise": 3 * rng.standard_normal((BATCH, SYMBOLS.max(), 2))} if config.use_sdp else {}
    hidden = rng.standard_normal((BATCH, SYMBOLS.max(), config.hidden_channels))
    return {"hidden": hidden, "lengths": SYMBOLS, **noise, **condition(config, rng)}


def _durations(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(1, 12, (BATCH, SYMBOLS.max(), 1)).astype(float)
