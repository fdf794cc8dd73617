"""Stock Keras optimizers beside torch's: right pairs pass five steps, and what is wrong is called by its name."""

import keras
import numpy as np
import pytest
import torch

from tfvc.parity import LayerTable, OptimizerPair, ParityCase, compare

RATE = 0.02
TINY = 1e-30  # so small that it does not count where it is added
SIZES = (5, 3)
LONG = 7  # steps: before the sixth, RAdam does not divide


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


class Lion(torch.optim.Optimizer):
    """Chen et al., arXiv:2302.06675, algorithm 2: torch has none."""

    def __init__(self, parameters, lr, betas=(0.9, 0.99)):
        super().__init__(parameters, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.sub_(group["lr"] * (first * m + (1 - first) * p.grad).sign())
                m.lerp_(p.grad, 1 - second)


class Rectified(keras.optimizers.Adam):
    """torch's RAdam, of which Keras has none, with its own settings."""

    def update_step(self, gradient, variable, learning_rate):
        index, ops = self._get_variable_index(variable), keras.ops
        m, v = self._momentums[index], self._velocities[index]
        t = ops.cast(self.iterations + 1, variable.dtype)
        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * gradient)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * gradient**2)
        power = ops.power(ops.cast(self.beta_2, variable.dtype), t)
        longest = 2 / (1 - self.beta_2) - 1
        length = longest - 2 * t * power / (1 - power)
        known = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        scaled = ops.sqrt(ops.maximum(known, 0) * (1 - power)) / (ops.sqrt(v) + self.epsilon)
        first = 1 - ops.power(ops.cast(self.beta_1, variable.dtype), t)
        rate = ops.cast(learning_rate, variable.dtype) / first
        self.assign_sub(variable, rate * m * ops.where(length > 5, scaled, 1.0))


RIGHT = {
    "Nadam": (of_keras("Nadam", epsilon=1e-6), of_torch("NAdam", eps=1e-6, momentum_decay=1.0)),
    "Adafactor": (of_keras("Adafactor"), of_torch("Adafactor")),
    "RAdam": (
        lambda rate, clip: Rectified(rate, beta_2=0.9, epsilon=1e-6),
        of_torch("RAdam", betas=(0.9, 0.9), eps=1e-6),
    ),
    "Lion": (of_keras("Lion"), lambda parameters, rate: Lion(parameters, rate)),
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
    # torch's NAdam keeps a product in float32.
    accepted = ("float32 on one side",) if name == "Nadam" else ()
    steps = LONG if "RAdam" in name else 5
    report = compare(case(*RIGHT[name], accepted, epsilon=1e-6), phases=("train",), steps=steps)
    report.raise_on_failure()
    assert max(row.stage.step for row in report.rows) == steps


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
    "float32 product of momenta": (
        of_keras("Nadam", epsilon=1e-6),
        of_torch("NAdam", eps=1e-6, momentum_decay=1.0),
        "keeps it in the weights' dtype, torch's keeps the product of its momenta in float32",
    ),
    "clip threshold": (of_keras("Adafactor", clip_threshold=0.5), of_torch("Adafactor"), "ends at 0.5, torch's at 1"),
    "learning rate: of Adafactor": (of_keras("Adafactor", learning_rate=0.01), of_torch("Adafactor"), "0.01, torch"),
    "momentum decay": (
        of_keras("Nadam", epsilon=1e-6),
        of_torch("NAdam", eps=1e-6),
        "0.96 ** (1 * step)), torch's has 0.004",
    ),
    "beta_1: of Nadam": (
        of_keras("Nadam", epsilon=1e-6, beta_1=0.8),
        of_torch("NAdam", eps=1e-6, momentum_decay=1.0),
        "0.8, torch's 0.9",
    ),
    "another optimizer: Adam for NAdam": (of_keras("Adam"), of_torch("NAdam"), "Keras's Adam, torch's is NAdam"),
    "another optimizer: Adam for RAdam": (of_keras("Adam"), of_torch("RAdam"), "Keras's Adam, torch's is RAdam"),
    "optimizer epsilon: of RAdam": (
        lambda rate, clip: Rectified(rate, beta_2=0.9, epsilon=1e-3),
        of_torch("RAdam", betas=(0.9, 0.9), eps=1e-6),
        "0.001, torch's 1e-06",
    ),
    "beta_2: of Lion": (
        of_keras("Lion", beta_2=0.9),
        lambda parameters, rate: Lion(parameters, rate),
        "0.9, torch's 0.99",
    ),
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
    steps = LONG if "RAdam" in name else 5
    report = compare(case(keras_factory, torch_factory, epsilon=1e-6), phases=("train",), steps=steps)
    found = report.diagnosis
    assert found.hypothesis == name.partition(":")[0], report.text()
    assert words in found.cause, found.cause
    explaining = found.evidence[0]
    assert explaining.explains
    # torch's NAdam keeps a product in float32 besides.
    assert explaining.error_after < (1e-7 if name == "momentum decay" else 1e-9) < explaining.error_before
    assert not np.isnan(explaining.error_after)
