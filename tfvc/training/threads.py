"""How many operations TensorFlow runs beside each other."""

import contextlib

import tensorflow as tf


def run_one_operation_at_a_time() -> None:
    """Makes a CPU give the same bits every time: operations follow each other, each on all cores.

    Operations that run beside each other share one pool of threads, and how a long sum (the gradient of a kernel over
    131,072 samples) is then split among them depends on who comes first: its last bits differ from run to run, which
    TensorFlow's own `enable_op_determinism` does not prevent. Training steps take no longer. Where TensorFlow has
    begun to work its threads are as they are, and nothing is changed.
    """
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_inter_op_parallelism_threads(1)
