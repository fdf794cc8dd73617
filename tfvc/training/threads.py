"""How TensorFlow uses the cores of a machine."""

import contextlib

import tensorflow as tf


def run_one_operation_at_a_time() -> None:
    """Makes a CPU give the same bits from run to run, or nearly so: operations follow each other, each on all cores.

    How a long sum (the gradient of a kernel over 131,072 samples, say) is split among threads seems to depend on which
    of them are free. On two busy cores, 14 repetitions of one step of a MelGAN gave nine different results, under
    `tf.config.experimental.enable_op_determinism`; one operation at a time, they gave one. A step takes as long as
    before. Where TensorFlow has begun to work its threads are as they are, and nothing changes.

    Two whole runs of a large vocoder still part, in the eighth digit and after dozens of steps. TensorFlow's `AddN`,
    with which the gradients of a tensor with three or more consumers are summed, writes into the first of its addends
    whose buffer nobody holds at the moment, and begins the sum with that one: in another order, with other rounding.
    """
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(1)
