"""TensorFlow's start-up chatter, which no setting turns off: it is written before the log level is read."""

import os


def silence_tensorflow() -> None:
    """Imports TensorFlow with file descriptor 2 closed to it, and raises its log level for later."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
        tf.config.list_physical_devices()  # the probing for accelerators speaks up too
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
