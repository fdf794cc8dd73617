"""What the rows of vocoders share."""

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from parity_tests.speed.row import Row
from parity_tests.speed.works import draw, keras_work, layout_of_torch, torch_work


def inference(ours, theirs, stock, frames: int) -> Row:
    """A mel of so many frames to a waveform, weight normalisation computed beforehand by all."""
    mel = draw(1, frames, ours.config.n_mels)
    return Row(
        keras_work(ours, mel),
        torch_work(theirs, layout_of_torch(mel)),
        keras_work(stock, mel),
        flops=flops_of(lambda: theirs(torch.from_numpy(np.ascontiguousarray(layout_of_torch(mel))))),
        audio_s=frames * ours.hop / ours.mel_spec.sample_rate,
    )


def flops_of(work) -> float:
    """Floating point operations of what torch does, forwards, as it counts them itself."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()
