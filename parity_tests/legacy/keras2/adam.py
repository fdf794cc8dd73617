"""Keras 2's Adams: the one of the articles' time, now under `legacy`, and the one that replaced it."""

import numpy as np
import tensorflow as tf

from parity_tests.legacy.forms import ADAM_SHAPES, ADAM_STEPS, ADAMS, GRADIENT_SIZES, AdamForm
from parity_tests.legacy.keras2.dumping import Pair
from parity_tests.legacy.keras2.precision import in_both
from parity_tests.legacy.values import draw


def goldens() -> dict[str, Pair]:
    """Variables after the first step and after the last, of both Adams, for ordinary gradients and for tiny ones."""
    found = {}
    for kind in ("legacy", "new"):
        for form, adam in ADAMS.items():
            for size, scale in GRADIENT_SIZES.items():
                both = in_both(lambda dtype, k=kind, a=adam, s=scale: _run(k, a, s, dtype))
                found |= {f"{kind}/{form}/{size}/{name}": value for name, value in both.items()}
    return found


def _run(kind: str, form: AdamForm, size: float, dtype: str) -> dict[str, np.ndarray]:
    optimizers = tf.keras.optimizers.legacy if kind == "legacy" else tf.keras.optimizers
    clipping = {} if form.clipnorm is None else {"clipnorm": form.clipnorm}
    adam = optimizers.Adam(form.learning_rate, beta_1=form.beta_1, beta_2=form.beta_2, **clipping)
    variables = [tf.Variable(draw(f"adam/variable {i}", shape), dtype=dtype) for i, shape in enumerate(ADAM_SHAPES)]
    found = {}
    for step in range(ADAM_STEPS):
        gradients = [
            tf.constant(size * draw(f"adam/gradient {i}/{step}", v.shape), dtype) for i, v in enumerate(variables)
        ]
        before = [v.numpy() for v in variables]
        adam.apply_gradients(zip(gradients, variables))  # noqa: B905
        if step == 0:
            found |= {f"first move/{i}": v.numpy() - x for i, (v, x) in enumerate(zip(variables, before))}  # noqa: B905
    return {**found, **{f"last/{i}": v.numpy() for i, v in enumerate(variables)}}
