"""The pairs that bugs are planted in: right ones, of sizes at which a comparison takes seconds."""

from collections.abc import Callable
from pathlib import Path

from parity_tests.foreign import bert, conv_tasnet, crepe, gpt2, mobilenet, resnet, transformer_encoder, vit
from tfvc.parity import ParityCase

PAIRS: dict[str, Callable[[], ParityCase]] = {
    "mobilenet": mobilenet.small,
    "resnet": resnet.small,
    "bert": bert.case,
    "gpt2": gpt2.case,
    "vit": vit.case,
    "crepe": crepe.case,
    "conv_tasnet": conv_tasnet.case,
    "transformer_encoder": transformer_encoder.case,
}


def weights(pair: str) -> Path | None:
    """The checkpoint that a pair starts from; None for made-up weights."""
    return crepe.weights() if pair == "crepe" else None
