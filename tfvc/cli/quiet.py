"""TensorFlow's start-up chatter, which no setting turns off: it is written before the log level is read."""

import os

from tfvc.common.silence import silent_stderr


def silence_tensorflow() -> None:
    """Imports TensorFlow in silence, and raises its log level for later."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr():
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")
        tf.config.list_physical_devices()  # the probing for accelerators speaks up too
