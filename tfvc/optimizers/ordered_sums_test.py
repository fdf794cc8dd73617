import subprocess
import sys

import numpy as np
import tensorflow as tf

# In a process of its own, since it holds for the whole process.
STEP = """
import sys
import numpy as np
import tensorflow as tf
from tfvc.optimizers.ordered_sums import sum_gradients_in_order

if sys.argv[1] == "in order":
    sum_gradients_in_order()
rng = np.random.default_rng(0)
variable = tf.Variable(rng.standard_normal(1000))
factors = rng.standard_normal((5, 1000))

@tf.function
def gradient():
    with tf.GradientTape() as tape:
        x = tf.identity(variable)
        loss = tf.add_n([tf.reduce_sum(tf.sin(factor * x)) for factor in tf.unstack(tf.constant(factors))])
    return tape.gradient(loss, variable)

value = gradient().numpy()
expected = 0
for factor in factors:
    expected = expected + factor * np.cos(factor * variable.numpy())
graph = gradient.get_concrete_function().graph
sums = [len(op.inputs) for op in graph.get_operations() if op.type == "AddN" and op.outputs[0].shape.rank == 1]
rewritten = tf.config.optimizer.get_experimental_options().get("arithmetic_optimization", True)
print(np.abs(value - expected).max() < 1e-10, max(sums, default=0), rewritten)
"""


def run(how: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", STEP, how], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_no_gradient_is_summed_by_an_operation_that_chooses_its_order():
    """Nor is the chain of additions rewritten into one, by the optimizer of graphs."""
    assert run("in order") == ["True", "0", "False"]


def test_tensorflow_still_sums_so_by_itself():
    """Or the whole of it is not needed any more."""
    assert run("as it comes") == ["True", "5", "True"]


def test_sparse_gradients_are_summed_too():
    from tfvc.optimizers.ordered_sums import _sum_in_order

    slices = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([0, 2]), tf.constant([4, 3]))
    total = tf.convert_to_tensor(_sum_in_order([slices, slices, slices]))
    np.testing.assert_array_equal(total, [[3] * 3, [0] * 3, [3] * 3, [0] * 3])
