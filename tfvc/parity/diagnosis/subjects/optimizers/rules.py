"""The update rules that both frameworks have, one tensor at a time; where they differ is a setting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tfvc.parity.diagnosis.subjects.optimizers.settings import Clip, ClipKind, Place, Settings
from tfvc.parity.diagnosis.subjects.subject import class_names
from tfvc.parity.findings.stage import StageKind

Arrays = dict[str, np.ndarray]
Slots = dict[StageKind, np.ndarray]


@dataclass(frozen=True)
class Given:
    """What a step is taken with: a weight, its gradient (clipped, with what decays), the slots, the step's number."""

    weight: np.ndarray
    gradient: np.ndarray
    slots: Mapping[StageKind, np.ndarray]
    number: int

    def slot(self, kind: StageKind) -> np.ndarray:
        return self.slots[kind] if kind in self.slots else np.zeros_like(self.weight)

    def mean(self, kind: StageKind, kept: float, new: np.ndarray) -> np.ndarray:
        """A running mean that keeps this much of what it was."""
        return kept * self.slot(kind) + (1 - kept) * new


# What a rule gives: the slots behind the step, and what is subtracted from the weight.
Rule = Callable[[Given, Settings], tuple[Slots, np.ndarray]]


def sgd(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    g, first = given.gradient, given.number == 1
    if not s["momentum"] and StageKind.MOMENTUM not in given.slots:
        return {}, s["learning_rate"] * g
    momentum = s["momentum"] * given.slot(StageKind.MOMENTUM) + (1 - (0 if first else s["dampening"])) * g
    move = g + s["momentum"] * momentum if s["nesterov"] else momentum
    return {StageKind.MOMENTUM: momentum}, s["learning_rate"] * move


def adam(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    g, beta_1, beta_2, epsilon = given.gradient, s["beta_1"], s["beta_2"], s["epsilon"]
    m = given.mean(StageKind.MOMENTUM, beta_1, g)
    v = given.mean(StageKind.VELOCITY, beta_2, g * g)
    slots = {StageKind.MOMENTUM: m, StageKind.VELOCITY: v}
    if s["amsgrad"]:
        v = slots[StageKind.LARGEST_VELOCITY] = np.maximum(given.slot(StageKind.LARGEST_VELOCITY), v)
    first, second = (1 - beta**given.number if s["corrected"] else 1.0 for beta in (beta_1, beta_2))
    match epsilon.place:
        case Place.HAT:
            denominator = (np.sqrt(v) + epsilon.value) / np.sqrt(second)
        case Place.INSIDE:
            denominator = np.sqrt(v / second + epsilon.value)
        case _:
            denominator = np.sqrt(v) / np.sqrt(second) + epsilon.value
    return slots, s["learning_rate"] * (m / first) / denominator


def nadam(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    g, beta_2 = given.gradient, s["beta_2"]
    m = given.mean(StageKind.MOMENTUM, s["beta_1"], g)
    v = given.mean(StageKind.VELOCITY, beta_2, g * g)
    steps = np.arange(1, given.number + 2)
    momenta = s["beta_1"] * (1 - 0.5 * 0.96 ** (steps * s["momentum_decay"]))
    # Rounded step by step, as torch does: a product of many is taken in another order.
    kept = momenta[:-1].astype(np.float32 if s["float32_product"] else np.float64)
    product = float(np.multiply.accumulate(kept)[-1])
    move = momenta[-1] * m / (1 - product * momenta[-1]) + (1 - momenta[-2]) * g / (1 - product)
    root = _root(v / (1 - beta_2**given.number), s)
    return {StageKind.MOMENTUM: m, StageKind.VELOCITY: v}, s["learning_rate"] * move / root


def radam(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    g, beta_2, t = given.gradient, s["beta_2"], given.number
    m = given.mean(StageKind.MOMENTUM, s["beta_1"], g)
    v = given.mean(StageKind.VELOCITY, beta_2, g * g)
    second, longest = 1 - beta_2**t, 2 / (1 - beta_2) - 1
    length = longest - 2 * t * beta_2**t / second
    move = s["learning_rate"] * m / (1 - s["beta_1"] ** t)
    # As long as the variance of so few squares is not known, nothing is divided by their root.
    if length > 5:
        known = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        move = move * np.sqrt(known * second) / _root(v, s)
    return {StageKind.MOMENTUM: m, StageKind.VELOCITY: v}, move


def lion(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    g = given.gradient
    move = np.sign(given.mean(StageKind.MOMENTUM, s["beta_1"], g))
    return {StageKind.MOMENTUM: given.mean(StageKind.MOMENTUM, s["beta_2"], g)}, s["learning_rate"] * move


def adafactor(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    """The first step, in which nothing of the running means is kept."""
    if given.number > 1:
        raise ValueError("the running means of rows and columns are no slots")
    square = given.gradient**2
    if square.ndim > 1:
        rows, columns = square.mean(-1, keepdims=True), square.mean(-2, keepdims=True)
        square = rows * columns / rows.mean(-2, keepdims=True)
    update = given.gradient / np.sqrt(square)
    update = update / max(1.0, float(np.sqrt(np.mean(update**2))) / s["clip_threshold"])
    # The rate is bounded by 1 / sqrt(step).
    rate = min(s["learning_rate"], 1.0) * max(s["least_scale"], float(np.sqrt(np.mean(given.weight**2))))
    return {}, rate * update


def rmsprop(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    g = given.gradient
    v = given.mean(StageKind.VELOCITY, s["rho"], g * g)
    slots, square = {StageKind.VELOCITY: v}, v
    if s["centered"]:
        mean = slots[StageKind.MEAN_GRADIENT] = given.mean(StageKind.MEAN_GRADIENT, s["rho"], g)
        square = v - mean * mean
    update = g / _root(square, s)
    if s["momentum"] > 0:
        update = slots[StageKind.UPDATES] = s["momentum"] * given.slot(StageKind.UPDATES) + update
    return slots, s["learning_rate"] * update


def adagrad(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    before = np.full_like(given.weight, s["initial"]) if given.number == 1 else given.slot(StageKind.VELOCITY)
    v = before + given.gradient**2
    rate = s["learning_rate"] / (1 + (given.number - 1) * s["rate_decay"])
    return {StageKind.VELOCITY: v}, rate * given.gradient / _root(v, s)


def adamax(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    epsilon, size = s["epsilon"], np.abs(given.gradient)
    m = given.mean(StageKind.MOMENTUM, s["beta_1"], given.gradient)
    of_gradient, of_denominator = (
        epsilon.value if epsilon.place is place else 0.0 for place in (Place.GRADIENT, Place.DENOMINATOR)
    )
    largest = np.maximum(s["beta_2"] * given.slot(StageKind.LARGEST_GRADIENT), size + of_gradient)
    first = 1 - s["beta_1"] ** given.number if s["corrected"] else 1.0
    slots = {StageKind.MOMENTUM: m, StageKind.LARGEST_GRADIENT: largest}
    return slots, s["learning_rate"] / first * m / (largest + of_denominator)


def adadelta(given: Given, s: Settings) -> tuple[Slots, np.ndarray]:
    before = given.slot(StageKind.SQUARED_UPDATES)
    v = given.mean(StageKind.VELOCITY, s["rho"], given.gradient**2)
    update = _root(before, s) / _root(v, s) * given.gradient
    squares = given.mean(StageKind.SQUARED_UPDATES, s["rho"], update**2)
    return {StageKind.VELOCITY: v, StageKind.SQUARED_UPDATES: squares}, s["learning_rate"] * update


def _root(square: np.ndarray, s: Settings) -> np.ndarray:
    epsilon = s["epsilon"]
    return np.sqrt(square + epsilon.value) if epsilon.place is Place.INSIDE else np.sqrt(square) + epsilon.value


# By the name that a class has in both frameworks, whatever its capitals: torch's is called NAdam, Keras's Nadam.
RULES: dict[str, Rule] = {
    "SGD": sgd,
    "Adam": adam,
    "Nadam": nadam,
    "RAdam": radam,
    "Lion": lion,
    "Adafactor": adafactor,
    "RMSprop": rmsprop,
    "Adagrad": adagrad,
    "Adamax": adamax,
    "Adadelta": adadelta,
}
# What Keras's optimizers do without a name for it.
UNNAMED = {
    "dampening": 0.0,
    "corrected": True,
    "rate_decay": 0.0,
    "maximize": False,
    "momentum_decay": 1.0,
    "float32_product": False,
}


def rules_of(optimizer: object) -> list[str]:
    """The names of the rules that an optimizer of either framework may have, by its class and its bases."""
    kinds = {kind.lower() for kind in class_names(optimizer)}
    return [name for name in RULES if name.lower() in kinds]


def clipped(gradients: Arrays, clip: Clip) -> Arrays:
    """Gradients that are clipped together."""
    match clip.kind:
        case ClipKind.NONE:
            return gradients
        case ClipKind.VALUE:
            return {key: np.clip(g, -clip.bound, clip.bound) for key, g in gradients.items()}
        case ClipKind.EACH:
            return {key: g * _factor(float(np.linalg.norm(g)), clip) for key, g in gradients.items()}
    total = sum(float(np.sum(np.square(g))) for g in gradients.values()) ** 0.5
    return {key: g * _factor(total, clip) for key, g in gradients.items()}


def _factor(norm: float, clip: Clip) -> float:
    return min(1.0, clip.bound / max(norm + clip.added, 1e-300))
