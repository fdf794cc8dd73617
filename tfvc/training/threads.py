"""How TensorFlow uses the cores of a machine."""

import contextlib

import tensorflow as tf


def run_operations_on_one_thread_each() -> None:
    """Makes a CPU give the same bits every time: operations run beside each other, but each on one thread.

    How a long sum (the gradient of a kernel over 131,072 samples, say) is split among several threads depends on which
    of them are free, so its last bits differ from run to run; `tf.config.experimental.enable_op_determinism` does not
    prevent that, nor does running one operation after the other while a dataset works beside them. Where TensorFlow has
    begun to work its threads are as they are, and nothing is changed.
    """
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
