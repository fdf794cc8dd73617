"""Peak resident memory of the same work, each in a process of its own.

`python -m parity_tests.speed.memory PEER WORK` does it and prints MiB.
"""

import re
import subprocess
import sys
from pathlib import Path

WORKS = ("AutoVC training step, B 2 x 176", "MelGAN inference, 400 frames")
PEERS = ("tfvc", "torch")
REPEATS = 5


def measure() -> list[dict]:
    """Of all works and peers: `name`, `tfvc_mib`, `torch_mib`."""
    return [{"name": work, **{f"{peer}_mib": _peak(peer, work) for peer in PEERS}} for work in WORKS]


def _peak(peer: str, work: str) -> float:
    command = [sys.executable, "-m", "parity_tests.speed.memory", peer, work]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _own_peak() -> float:
    """MiB. What `getrusage` says would be the parent's, if that is larger."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


def autovc_by_tfvc():
    import tensorflow as tf

    from tfvc.models.autovc import AutoVC
    from tfvc.optimizers.adam import Adam

    model = AutoVC.from_name("official")
    model.compile(optimizer=Adam(1e-4))
    model.make_train_function()
    batch = {"mel": tf.zeros([2, 176, 80]), "speaker_embedding": tf.zeros([2, 256])}
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    return lambda: model.train_function(batches)


def autovc_by_torch():
    import torch

    from torch_ref.autovc import Generator
    from torch_ref.train_autovc import train

    module, batch = Generator(32, 32), (torch.zeros(2, 176, 80), torch.zeros(2, 256))
    return lambda: train(module, [batch])


def melgan_by_tfvc():
    import tensorflow as tf

    from tfvc.models.melgan import MelGANGenerator

    speak = tf.function(MelGANGenerator.from_name("descript").fuse())
    return lambda: speak(tf.zeros([1, 400, 80]))


def melgan_by_torch():
    import torch

    from torch_ref.melgan import Generator, remove_weight_norm

    module = remove_weight_norm(Generator()).eval()

    def speak():
        with torch.inference_mode():
            return module(torch.zeros(1, 80, 400))

    return speak


if __name__ == "__main__":
    named = {"tfvc": (autovc_by_tfvc, melgan_by_tfvc), "torch": (autovc_by_torch, melgan_by_torch)}
    run = dict(zip(WORKS, named[sys.argv[1]], strict=True))[sys.argv[2]]()
    for _ in range(REPEATS):
        run()
    print(_own_peak())
