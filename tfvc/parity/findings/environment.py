"""The machine and the libraries that a comparison was made with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Environment:
    """What the figures depend on beside the models."""

    python: str
    numpy: str
    tensorflow: str
    keras: str
    torch: str
    platform: str
    processor: str
    device: str
    onednn: str
    tensorflow_threads: str
    torch_threads: int
    tensor_float_32: str
