"""Stock Keras optimizers beside torch's: right pairs pass five steps, and what is wrong is called by its name."""

import keras
import numpy as np
import pytest
import torch

from tfvc.parity import LayerTable, OptimizerPair, ParityCase, compare

RATE = 0.02
TINY = 1e-30  # so small that it does not count where it is added
SIZES = (5, 3)


def case(keras_factory, torch_factory, accepted=(), **settings) -> ParityCase:
    """Two layers whose weights, biases and gradients are of the order of one."""

    def keras_model():
        return keras.Sequential([keras.layers.Dense(SIZES[1], activation="tanh"), keras.layers.Dense(2)])

    def torch_module():
        return torch.nn.Sequential(torch.nn.Linear(*SIZES), torch.nn.Tanh(), torch.nn.Linear(SIZES[1], 2))

    return ParityCase(
        "optimizers",
        keras_model,
        torch_module,
        lambda model: LayerTable({"0": model.layers[0].name, "2": model.layers[1].name})(model),
        lambda rng: {"x": rng.standard_normal((7, SIZES[0]))},
        optimizer=OptimizerPair(RATE, keras_factory=keras_factory, torch_factory=torch_factory, **settings),
        accepted=accepted,
    )


def of_keras(kind, **settings):
    return lambda rate, clip: getattr(keras.optimizers, kind)(**{"learning_rate": rate, **settings})


def of_torch(kind, **settings):
    return lambda parameters, rate: getattr(torch.optim, kind)(parameters, **{"lr": rate, **settings})


class Outside(keras.optimizers.RMSprop):
    """Keras's RMSprop with epsilon where torch adds it."""

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        v, m = self._velocities[index], self._momentums[index]
        self.assign(v, self.rho * v + (1 - self.rho) * gradient**2)
        self.assign(m, self.momentum * m + gradient / (keras.ops.sqrt(v) + self.epsilon))
        self.assign_sub(variable, keras.ops.cast(learning_rate, variable.dtype) * m)


def outside(momentum=0.9, epsilon=1e-3, rho=0.8):
    return lambda rate, clip: Outside(rate, rho=rho, momentum=momentum, epsilon=epsilon)


class Damped(keras.optimizers.SGD):
    """A hand-written SGD in torch's own units, whose settings lie."""

    def __init__(self, rate, dampening=0.0, **settings):
        super().__init__(rate, **settings)
        self.dampening = dampening

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        first = keras.ops.cast(keras.ops.equal(self.iterations, 0), variable.dtype)
        self.assign(m, self.momentum * m + gradient * (1 - self.dampening * (1 - first)))
        self.assign_sub(variable, m * keras.ops.cast(learning_rate, variable.dtype))


RIGHT = {
    "SGD": (of_keras("SGD"), of_torch("SGD")),
    "momentum": (of_keras("SGD", momentum=0.9), of_torch("SGD", momentum=0.9)),
    "Nesterov": (of_keras("SGD", momentum=0.7, nesterov=True), of_torch("SGD", momentum=0.7, nesterov=True)),
    "dampening": (
        lambda rate, clip: Damped(rate, momentum=0.9, dampening=0.3),
        of_torch("SGD", momentum=0.9, dampening=0.3),
    ),
    "RMSprop": (of_keras("RMSprop", rho=0.95, epsilon=TINY), of_torch("RMSprop", alpha=0.95, eps=TINY)),
    "RMSprop, centered, with momentum": (
        of_keras("RMSprop", rho=0.8, epsilon=TINY, momentum=0.9, centered=True),
        of_torch("RMSprop", alpha=0.8, eps=TINY, momentum=0.9, centered=True),
    ),
    "RMSprop, epsilon outside": (outside(), of_torch("RMSprop", alpha=0.8, eps=1e-3, momentum=0.9)),
    "Adagrad": (
        of_keras("Adagrad", initial_accumulator_value=0.1, epsilon=TINY),
        of_torch("Adagrad", initial_accumulator_value=0.1, eps=TINY),
    ),
    "Adamax": (of_keras("Adamax", epsilon=TINY), of_torch("Adamax", eps=TINY)),
    "Adadelta": (of_keras("Adadelta", epsilon=1e-6), of_torch("Adadelta", rho=0.95)),
    "AdamW": (
        of_keras("AdamW", weight_decay=0.02, epsilon=TINY),
        of_torch("AdamW", weight_decay=0.02, eps=TINY),
    ),
    "Adam with amsgrad": (of_keras("Adam", epsilon=TINY, amsgrad=True), of_torch("Adam", eps=TINY, amsgrad=True)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_pairs_take_five_steps(name):
    report = compare(case(*RIGHT[name], epsilon=1e-6), phases=("train",))
    report.raise_on_failure()
    assert max(row.stage.step for row in report.rows) == 5


CLIPS = {
    "each": ({"clipnorm": 0.3}, {"clip_each": 0.3}, ()),
    "value": ({"clipvalue": 0.1}, {"clip_value": 0.1}, ()),
    "all": ({"global_clipnorm": 0.3}, {"clip_grad_norm": 0.3}, ("clipping without 1e-6",)),
    "none": ({}, {}, ()),
}


@pytest.mark.parametrize("kind", CLIPS)
def test_kinds_of_clipping(kind):
    ours, pair, accepted = CLIPS[kind]
    compare(
        case(of_keras("SGD", momentum=0.9, **ours), of_torch("SGD", momentum=0.9), accepted, **pair), phases=("train",)
    ).raise_on_failure()


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [("SGD", a, b) for a in CLIPS for b in CLIPS if a != b or a == "all"]
    + [("Adagrad", "none", "each"), ("Adagrad", "value", "none"), ("Adagrad", "each", "all")],
)
def test_another_kind_of_clipping_is_named(kind, ours, theirs):
    settings = {"Adagrad": ({"epsilon": TINY}, {"eps": TINY, "initial_accumulator_value": 0.1}), "SGD": ({}, {})}[kind]
    keras_factory = of_keras(kind, **CLIPS[ours][0], **settings[0])
    report = compare(case(keras_factory, of_torch(kind, **settings[1]), **CLIPS[theirs][1]), phases=("train",), steps=2)
    names = {"each": "each variable", "value": "by value", "all": "all together", "none": "none"}
    assert report.diagnosis.kind == "gradient clipping", report.text()
    assert report.diagnosis.hypothesis == f"clipping: {'1e-6' if ours == theirs else names[ours]}"


def without_decay_of_biases(parameters):
    parameters = list(parameters)
    biases = [p for p in parameters if p.ndim == 1]
    return [{"params": [p for p in parameters if p.ndim > 1]}, {"params": biases, "weight_decay": 0.0}]


WRONG = {
    "learning rate": (of_keras("SGD", learning_rate=0.03), of_torch("SGD"), "0.03, torch's 0.02"),
    "optimizer momentum": (of_keras("SGD", momentum=0.8), of_torch("SGD", momentum=0.9), "0.8, torch's 0.9"),
    "optimizer momentum: none": (of_keras("SGD"), of_torch("SGD", momentum=0.9), "0, torch's 0.9"),
    "optimizer momentum: where torch has none": (of_keras("SGD", momentum=0.9), of_torch("SGD"), "0.9, torch's 0"),
    "Nesterov": (
        of_keras("SGD", momentum=0.9),
        of_torch("SGD", momentum=0.9, nesterov=True),
        "does not take Nesterov's step",
    ),
    "Nesterov: of Keras": (of_keras("SGD", momentum=0.9, nesterov=True), of_torch("SGD", momentum=0.9), "takes Nest"),
    "dampening": (of_keras("SGD", momentum=0.9), of_torch("SGD", momentum=0.9, dampening=0.2), "1 - 0.2"),
    "dampening: measured": (
        lambda rate, clip: Damped(rate, momentum=0.9, dampening=0.3),
        of_torch("SGD", momentum=0.9, dampening=0.2),
        "1 - 0.3, torch's times 1 - 0.2",
    ),
    "rho": (
        of_keras("RMSprop", epsilon=TINY),
        of_torch("RMSprop", eps=TINY),
        "0.9 of what it was (rho), torch's 0.99",
    ),
    "centered": (
        of_keras("RMSprop", rho=0.99, epsilon=TINY),
        of_torch("RMSprop", eps=TINY, centered=True),
        "The optimizer does not",
    ),
    "epsilon under the root": (
        of_keras("RMSprop", rho=0.99, epsilon=1e-3),
        of_torch("RMSprop", eps=1e-3),
        "epsilon 0.001 under the root, torch adds 0.001 to the corrected root",
    ),
    "optimizer epsilon": (outside(epsilon=1e-2), of_torch("RMSprop", alpha=0.8, eps=1e-3, momentum=0.9), "0.01, torch"),
    "rho: by hand": (outside(rho=0.7), of_torch("RMSprop", alpha=0.8, eps=1e-3, momentum=0.9), "0.7 of what"),
    "initial accumulator": (of_keras("Adagrad", epsilon=TINY), of_torch("Adagrad", eps=TINY), "0.1, torch's at 0"),
    "initial accumulator: before epsilon": (of_keras("Adagrad"), of_torch("Adagrad"), "begins at 0.1"),
    "learning rate and epsilon under the root": (
        of_keras("RMSprop", rho=0.99, learning_rate=0.021, epsilon=1e-3),
        of_torch("RMSprop"),
        "is 0.021, torch's 0.02. Also: The optimizer adds epsilon 0.001 under the root, torch adds 1e-08",
    ),
    "epsilon in the denominator": (of_keras("Adamax", epsilon=1e-3), of_torch("Adamax", eps=1e-3), "where it divides"),
    "beta_2": (of_keras("Adamax", epsilon=TINY), of_torch("Adamax", eps=TINY, betas=(0.9, 0.9)), "0.999, torch's 0.9"),
    "weight decay": (
        of_keras("AdamW", epsilon=TINY),
        of_torch("AdamW", eps=TINY),
        "0.004 times the learning rate, torch",
    ),
    "coupled weight decay": (
        of_keras("SGD", weight_decay=0.1, momentum=0.5),
        of_torch("SGD", weight_decay=0.1, momentum=0.5),
        "torch adds 0.1 times the weights to the gradients (L2)",
    ),
    "weight decay: where torch has none": (of_keras("SGD", weight_decay=0.1), of_torch("SGD"), "0.1 times"),
    "epsilon hat": (of_keras("Adam", epsilon=1e-4), of_torch("Adam", eps=1e-4), "epsilon hat"),
    "amsgrad": (of_keras("Adam", epsilon=TINY, amsgrad=True), of_torch("Adam", eps=TINY), "amsgrad"),
    "another optimizer": (of_keras("Adam"), of_torch("SGD", momentum=0.9), "Keras's Adam, torch's is SGD"),
    "another optimizer: of the same slots": (
        of_keras("SGD", momentum=0.9),
        of_torch("Adam"),
        "Keras's SGD, torch's is Adam",
    ),
    "learning rate: of a schedule": (
        lambda rate, clip: keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(rate, 1, 0.9)),
        of_torch("SGD"),
        "0.018, torch's 0.02",
    ),
    "weight decay: of biases too": (
        of_keras("AdamW", weight_decay=0.01, epsilon=TINY),
        lambda parameters, rate: torch.optim.AdamW(without_decay_of_biases(parameters), lr=rate, eps=TINY),
        "by 0.01 times the learning rate, torch's by 0.",
    ),
    "ascent": (of_keras("SGD"), of_torch("SGD", maximize=True), "goes down, torch's goes up the gradient"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name):
    keras_factory, torch_factory, words = WRONG[name]
    report = compare(case(keras_factory, torch_factory, epsilon=1e-6), phases=("train",))
    found = report.diagnosis
    assert found.hypothesis == name.partition(":")[0], report.text()
    assert words in found.cause, found.cause
    explaining = found.evidence[0]
    assert explaining.explains
    assert explaining.error_after < 1e-9 < explaining.error_before
    assert not np.isnan(explaining.error_after)
