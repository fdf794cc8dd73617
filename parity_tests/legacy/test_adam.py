"""Keras 2's Adams beside Keras 3's, which takes the same steps, and beside ours, which takes torch's."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from parity_tests.legacy.forms import ADAM_SHAPES, ADAM_STEPS, ADAMS, GRADIENT_SIZES
from parity_tests.legacy.judging import committed, require_equal
from parity_tests.legacy.values import draw
from tfvc.optimizers.adam import Adam
from tfvc.parity.sides.exact_numbers import exact_numbers
from tfvc.parity.sides.precision import precision

GOLDENS = committed("adam")
EPSILON = 1e-7  # Keras's default


def steps(make, size: float, dtype: str, before_step=lambda adam, step: None) -> dict[str, np.ndarray]:
    """As on the other side: the first move and the variables at the end."""
    variables = [keras.Variable(draw(f"adam/variable {i}", shape), dtype=dtype) for i, shape in enumerate(ADAM_SHAPES)]
    adam = make()
    adam.build(variables)
    found = {}
    for step in range(ADAM_STEPS):
        gradients = [
            tf.constant(size * draw(f"adam/gradient {i}/{step}", shape), dtype) for i, shape in enumerate(ADAM_SHAPES)
        ]
        start = [np.array(v) for v in variables]
        before_step(adam, step + 1)
        adam.apply(gradients, variables)
        if step == 0:
            found |= {f"first move/{i}": v - x for i, (v, x) in enumerate(zip(variables, start, strict=True))}
    return {**found, **{f"last/{i}": np.array(v) for i, v in enumerate(variables)}}


def rounded(number: float) -> float:
    """To float32, where Keras keeps such numbers even for variables of float64."""
    return float(np.float32(number))


def settings(kind: str, name: str) -> dict:
    """The older Adam has all its settings but epsilon in float32."""
    form, kept = ADAMS[name], rounded if kind == "legacy" else float
    return {
        "learning_rate": kept(form.learning_rate),
        "beta_1": kept(form.beta_1),
        "beta_2": kept(form.beta_2),
        "clipnorm": form.clipnorm,
        "epsilon": EPSILON,
    }


CASES = [(kind, form, size) for kind in ("legacy", "new") for form in ADAMS for size in GRADIENT_SIZES]


@pytest.mark.parametrize(("kind", "form", "size"), CASES)
def test_keras_3_takes_the_same_steps(kind, form, size):
    theirs = GOLDENS.below(f"{kind}/{form}/{size}")
    make = lambda: keras.optimizers.Adam(**settings(kind, form))  # noqa: E731

    def compute(dtype):
        with exact_numbers(False):  # Keras 2 computed with betas rounded to float32, and Keras 3 does when left alone
            return steps(make, GRADIENT_SIZES[size], dtype)

    require_equal(theirs, compute)


@pytest.mark.parametrize(("kind", "form", "size"), CASES)
def test_ours_differs_in_the_place_of_epsilon(kind, form, size):
    """Keras adds epsilon to the root of v before its bias is corrected, torch and ours behind it.

    So with epsilon / sqrt(1 - beta_2 ** t) as its epsilon at step t ours takes the older Adam's steps. The newer one,
    and Keras 3's, moreover correct with betas rounded to float32: 1 - 0.999 is then off by 1.3e-5, the step by 6.7e-6.
    """
    adam = ADAMS[form]

    def corrections(step, beta_1, beta_2):
        return 1 - beta_1**step, np.sqrt(1 - beta_2**step)

    def move_epsilon(optimizer, step):
        first, second = corrections(step, optimizer.beta_1, optimizer.beta_2)
        theirs_first, theirs_second = corrections(step, rounded(adam.beta_1), rounded(adam.beta_2))
        optimizer.epsilon = EPSILON / second
        optimizer.learning_rate = settings(kind, form)["learning_rate"] * first / second * theirs_second / theirs_first

    theirs = GOLDENS.below(f"{kind}/{form}/{size}")
    make = lambda: Adam(**settings(kind, form))  # noqa: E731
    require_equal(theirs, lambda dtype: steps(make, GRADIENT_SIZES[size], dtype, move_epsilon))


def test_how_far_that_is():
    """Nothing to speak of where gradients are of order 1, many times the first step where they are of 1e-8."""
    for size, least, most in (("ordinary", 0.0, 1e-4), ("tiny", 10.0, 1000.0)):
        theirs = GOLDENS.values(float64=True)[f"legacy/autovc/{size}/first move/0"]
        with precision("float64"):
            make = lambda: Adam(**settings("legacy", "autovc"))  # noqa: E731
            ours = steps(make, GRADIENT_SIZES[size], "float64")["first move/0"]
        ratio = np.median(ours / theirs)
        assert least <= ratio - 1 <= most, (size, ratio)
