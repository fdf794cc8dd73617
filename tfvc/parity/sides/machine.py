"""What this process runs on."""

import os
import platform
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfvc.parity.findings.environment import Environment


def environment() -> Environment:
    """What this process runs on."""
    import torch

    gpus = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in _gpus()]
    intra, inter = tf.config.threading.get_intra_op_parallelism_threads(), _inter_op_threads()
    return Environment(
        python=platform.python_version(),
        numpy=np.__version__,
        tensorflow=tf.__version__,
        keras=keras.__version__,
        torch=torch.__version__,
        platform=platform.platform(),
        processor=_processor(),
        device=", ".join(gpus) or "CPU",
        onednn={"0": "off", "1": "on"}.get(os.environ.get("TF_ENABLE_ONEDNN_OPTS", ""), "TensorFlow's default"),
        tensorflow_threads=f"intra {intra or 'default'}, inter {inter or 'default'}",
        torch_threads=torch.get_num_threads(),
        tensor_float_32="off while comparing",
    )


def _gpus() -> list:
    return tf.config.list_physical_devices("GPU")


def _inter_op_threads() -> int:
    return tf.config.threading.get_inter_op_parallelism_threads()


def _processor() -> str:
    """The processor's name; on Linux `platform` does not know it."""
    information = Path("/proc/cpuinfo")
    if sys.platform == "linux" and information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
