"""Whole models at full size: forward, backward and Adam steps, for all three kinds of initial weights.

In float64 everything must agree to 1e-10, weights, slots and running statistics after training to 1e-9; in
float32 to a multiple of the measured noise. See `tfvc.parity.judging.judgement`.
"""

import pytest

from tfvc.cases.autovc import autovc
from tfvc.cases.speaker_encoder import speaker_encoder
from tfvc.models.autovc import AutoVCConfig
from tfvc.models.speaker_encoder import SpeakerEncoderConfig
from tfvc.parity import Comparison, ParityCase, Report, compare

INITS = ("coded", "constant", "random")
MINI = AutoVCConfig(neck=3, freq=4, n_mels=8, embedding=6, conv_channels=10, decoder_lstm1=9, decoder_lstm2=11)
# Every convolution of AutoVC has a batch norm behind it, in which its bias vanishes.
BIASES_BEFORE_BATCH_NORM = [
    f"gradients: {network}.convolutions.{i}.0.conv.bias"
    for network, convolutions in (("decoder", 3), ("encoder", 3), ("postnet", 5))
    for i in range(convolutions)
]


def check_all_inits(case: ParityCase, steps: int = 5, further_steps: int | None = None) -> list[Report]:
    """One comparison from each kind of initial weights, on the same four models.

    `steps` are taken from coded weights and `further_steps`, or as many, from the others; with 0 these are compared
    forward and backward only.
    """
    comparison = Comparison(case)
    further = steps if further_steps is None else further_steps
    taken = {init: steps if init == "coded" else further for init in INITS}
    phases = {init: None if count else ("forward", "backward") for init, count in taken.items()}
    reports = [comparison.run(phases[init], init, max(count, 1)) for init, count in taken.items()]
    for report in reports:
        report.raise_on_failure()
    return reports


def check_autovc(case: ParityCase, steps: int = 5, further_steps: int | None = None) -> None:
    for report in check_all_inits(case, steps, further_steps):
        if report.init != "constant":  # there, such a gradient may be exactly zero on both sides
            assert set(BIASES_BEFORE_BATCH_NORM) <= set(report.cancelling)


def test_a_miniature_autovc():
    """22 frames, padded to a multiple of 4."""
    check_autovc(autovc(MINI, frames=22, batch=3))


def test_only_biases_before_batch_norm_cancel():
    """20 frames, a multiple of 4."""
    report = compare(autovc(MINI, frames=20, batch=3), ("forward", "backward"))
    report.raise_on_failure()
    assert report.cancelling == BIASES_BEFORE_BATCH_NORM


def test_the_loss_of_upstream():
    """With solver_encoder.py's broadcast on both sides, they still agree."""
    report = compare(autovc(MINI, frames=22, batch=3, upstream_broadcast=True), ("backward",))
    report.raise_on_failure()


@pytest.mark.parametrize("name", ["ge2e", "dvector"])
def test_a_miniature_speaker_encoder(name):
    config = SpeakerEncoderConfig(n_mels=5, units=7, embedding=6, relu=name == "ge2e", partial_frames=9)
    check_all_inits(speaker_encoder(config, batch=3), steps=3)
