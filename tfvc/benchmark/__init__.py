"""A published table reproduced: which recordings, into which voices, by which checkpoints, and what is measured.

A protocol is a TOML file of a model, a vocoder, a seed and any of four sections; each section is a module here.
"""

from tfvc.benchmark.config import Protocol, load_protocol
from tfvc.benchmark.run import run_protocol

__all__ = ["Protocol", "load_protocol", "run_protocol"]
