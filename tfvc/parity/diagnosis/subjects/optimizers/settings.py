"""The settings of an optimizer, of either framework, under common names.

A setting is a number or a flag, or one of the values below. `learning_rate`, `clip`, `decay` and `maximize` are of all
optimizers, the others of those that have them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tfvc.parity.case import OptimizerPair
from tfvc.parity.diagnosis.subjects.subject import class_names
from tfvc.parity.private_parts import learning_rate

Settings = Mapping[str, Any]


class Place(StrEnum):
    """Where epsilon is added."""

    ROOT = "to the corrected root"
    HAT = "before the bias correction (epsilon hat)"
    INSIDE = "under the root"
    GRADIENT = "to each gradient"
    DENOMINATOR = "to the running maximum where it divides"


@dataclass(frozen=True)
class Epsilon:
    value: float
    place: Place


@dataclass(frozen=True)
class Decay:
    """How much weights decay: coupled, added to the gradients (L2), or by themselves."""

    amount: float
    coupled: bool


class ClipKind(StrEnum):
    """What has a bound."""

    NONE = "nothing"
    ALL = "the norm of all gradients together"
    EACH = "each gradient's own norm"
    VALUE = "each element of a gradient"


@dataclass(frozen=True)
class Clip:
    """How gradients are clipped; `added` to the norm that divides, as torch's clip_grad_norm_ does."""

    kind: ClipKind
    bound: float = 0.0
    added: float = 0.0


NO_CLIP = Clip(ClipKind.NONE)
TORCH_ADDS = 1e-6

# Settings that are only numbers or flags: the common name -> torch's and Keras's.
_TORCH = {
    "momentum": "momentum",
    "dampening": "dampening",
    "nesterov": "nesterov",
    "centered": "centered",
    "amsgrad": "amsgrad",
    "initial": "initial_accumulator_value",
    "rate_decay": "lr_decay",
    "momentum_decay": "momentum_decay",
    "maximize": "maximize",
    "clip_threshold": "d",
    "beta_2_decay": "beta2_decay",
}
_KERAS = {
    "momentum": "momentum",
    "nesterov": "nesterov",
    "beta_1": "beta_1",
    "beta_2": "beta_2",
    "rho": "rho",
    "centered": "centered",
    "amsgrad": "amsgrad",
    "initial": "initial_accumulator_value",
    "clip_threshold": "clip_threshold",
    "beta_2_decay": "beta_2_decay",
    "least_scale": "epsilon_2",
}
_TORCH_PLACES = {"Adamax": Place.GRADIENT, "Adadelta": Place.INSIDE}
_KERAS_PLACES = {
    "Adam": Place.HAT,
    "RMSprop": Place.INSIDE,
    "Adagrad": Place.INSIDE,
    "Adadelta": Place.INSIDE,
    "Adamax": Place.DENOMINATOR,
}


def torch_settings(optimizer: Any, group: Mapping[str, Any], clip: Clip) -> dict[str, Any]:
    """Those of torch's optimizer for one of its groups.

    Args:
        optimizer: torch's.
        group: one of its `param_groups`.
        clip: what is done to the gradients in front of it.
    """
    kinds = class_names(optimizer)
    found: dict[str, Any] = {ours: group[theirs] for ours, theirs in _TORCH.items() if theirs in group}
    found["learning_rate"] = float(group["lr"])
    found["clip"] = clip
    adafactor = "Adafactor" in kinds
    found["decay"] = Decay(group.get("weight_decay", 0.0), not (group.get("decoupled_weight_decay") or adafactor))
    if "betas" in group:
        found["beta_1"], found["beta_2"] = group["betas"]
        found["corrected"] = True
    if "momentum_decay" in group:
        kept = (state["mu_product"] for state in optimizer.state.values() if "mu_product" in state)
        found["float32_product"] = any(product.itemsize == 4 for product in kept)
    for theirs in {"alpha", "rho"} & set(group):
        found["rho"] = group[theirs]
    if adafactor:
        found["least_scale"] = group["eps"][1]
    elif "eps" in group:
        place = next((place for kind, place in _TORCH_PLACES.items() if kind in kinds), Place.ROOT)
        found["epsilon"] = Epsilon(group["eps"], place)
    return found


def torch_clip(pair: OptimizerPair, added: float) -> Clip:
    """What the case asks to be done to torch's gradients; `added` to the norm of all."""
    if pair.clip_grad_norm is not None:
        return Clip(ClipKind.ALL, pair.clip_grad_norm, added)
    if pair.clip_each is not None:
        return Clip(ClipKind.EACH, pair.clip_each)
    return NO_CLIP if pair.clip_value is None else Clip(ClipKind.VALUE, pair.clip_value)


def keras_settings(optimizer: Any, step: int) -> dict[str, Any]:
    """As many of a Keras optimizer's settings as it says itself, in a step, from 1."""
    kinds = class_names(optimizer)
    found = {ours: getattr(optimizer, theirs) for ours, theirs in _KERAS.items() if hasattr(optimizer, theirs)}
    rate = learning_rate(optimizer, step)
    if rate is not None:
        found["learning_rate"] = rate
    found["clip"] = _keras_clip(optimizer)
    found["decay"] = Decay(getattr(optimizer, "weight_decay", None) or getattr(optimizer, "decay", None) or 0.0, False)
    if getattr(optimizer, "epsilon", None) is not None:
        place = next((place for kind, place in _KERAS_PLACES.items() if kind in kinds and is_stock(optimizer)), None)
        found["epsilon"] = Epsilon(optimizer.epsilon, place)
    return found


def _keras_clip(optimizer: Any) -> Clip:
    if getattr(optimizer, "clip_grad_norm", None):
        return Clip(ClipKind.ALL, optimizer.clip_grad_norm, TORCH_ADDS)
    kinds = {"clipnorm": ClipKind.EACH, "global_clipnorm": ClipKind.ALL, "clipvalue": ClipKind.VALUE}
    bounds = {kind: getattr(optimizer, of, None) for of, kind in kinds.items()}
    return next((Clip(kind, bound) for kind, bound in bounds.items() if bound), NO_CLIP)


def is_stock(optimizer: Any) -> bool:
    """Whether its rule is one of Keras's own, and not one that a class derived of it has written anew."""
    return getattr(getattr(type(optimizer), "update_step", None), "__module__", "").startswith("keras.")
