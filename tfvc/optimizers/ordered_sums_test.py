import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfvc.optimizers import ordered_sums as module
from tfvc.optimizers.ordered_sums import ordered_sums
from tfvc.testing import assert_equal_in_float64


def rewritten() -> bool:
    """Whether the optimizer of graphs may rewrite sums."""
    return tf.config.optimizer.get_experimental_options().get("arithmetic_optimization", True)


def largest_sum() -> int:
    """Addends of the largest `AddN` in the graph of a gradient, which is checked."""
    rng = np.random.default_rng(0)
    variable = tf.Variable(rng.standard_normal(1000))
    factors = rng.standard_normal((5, 1000))

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            x = tf.identity(variable)
            loss = tf.add_n([tf.reduce_sum(tf.sin(factor * x)) for factor in tf.unstack(tf.constant(factors))])
        return tape.gradient(loss, variable)

    expected = sum(factor * np.cos(factor * variable.numpy()) for factor in factors)
    assert_equal_in_float64(gradient(), expected)
    graph = gradient.get_concrete_function().graph
    sums = [len(op.inputs) for op in graph.get_operations() if op.type == "AddN" and op.outputs[0].shape.rank == 1]
    return max(sums, default=0)


def test_inside_no_gradient_is_summed_by_an_operation_that_chooses_its_order():
    """Nor is the chain of additions rewritten into one, by the optimizer of graphs."""
    with ordered_sums():
        assert largest_sum() == 0
        assert not rewritten()


def test_outside_tensorflow_sums_as_it_does_by_itself():
    """Or the whole of it is not needed any more."""
    assert largest_sum() == 5
    assert rewritten()
    with pytest.raises(ZeroDivisionError), ordered_sums():
        1 // 0  # noqa: B018
    assert largest_sum() == 5
    assert rewritten()


def test_an_inner_context_leaves_the_outer_one_as_it_was():
    with ordered_sums():
        with ordered_sums():
            pass
        assert largest_sum() == 0
        assert not rewritten()
    assert largest_sum() == 5


def test_what_the_user_had_switched_off_stays_so():
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
    try:
        with ordered_sums():
            pass
        assert not rewritten()
    finally:
        tf.config.optimizer.set_experimental_options({"arithmetic_optimization": True})


def test_sparse_gradients_are_summed_too():
    table = tf.Variable(tf.ones([5, 3]))
    with ordered_sums():
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(tf.gather(table, [0, 2])) for _ in range(3)])
        total = tf.convert_to_tensor(tape.gradient(loss, table))
    np.testing.assert_array_equal(total, [[3] * 3, [0] * 3, [3] * 3, [0] * 3, [0] * 3])


def test_where_the_private_parts_are_gone_a_warning_says_what_is_lost(monkeypatch):
    monkeypatch.setattr(module, "_SPACE", None)
    with pytest.warns(UserWarning, match="repeated or resumed may differ in the last bits"), ordered_sums():
        assert largest_sum() == 5


WITHOUT = """
import tensorflow as tf
from tensorflow.python.eager import backprop
del backprop._default_vspace
from tfvc.optimizers import ordered_sums
print(ordered_sums._SPACE)
"""


def test_the_module_is_imported_where_the_private_parts_are_gone():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
