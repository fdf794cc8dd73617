"""VITS as in jaywalnut310/vits, with its state-dict keys, and OpenVoice's converter with those of its own.

Tensors are [batch, channels, time], torch's own layout; masks [batch, 1, time]; conditions [batch, gin, 1].
"""

from .decoder import Decoder
from .durations import ConvFlow, DDSConv, DurationPredictor, StochasticDurationPredictor
from .flow import WN, PosteriorEncoder, ResidualCouplingBlock, ResidualCouplingLayer
from .model import CONFIGS, VITS, Converter, ToneConverter, alignment
from .reference_encoder import ReferenceEncoder
from .spline import spline
from .text_encoder import RelativeAttention, TextEncoder, sequence_mask

__all__ = [
    "CONFIGS",
    "VITS",
    "WN",
    "ConvFlow",
    "Converter",
    "DDSConv",
    "Decoder",
    "DurationPredictor",
    "PosteriorEncoder",
    "ReferenceEncoder",
    "RelativeAttention",
    "ResidualCouplingBlock",
    "ResidualCouplingLayer",
    "StochasticDurationPredictor",
    "TextEncoder",
    "ToneConverter",
    "alignment",
    "sequence_mask",
    "spline",
]
