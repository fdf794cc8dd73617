"""Whole models at full size: outputs, losses, gradients and optimizer steps.

What size shows is in the widths, so one kind of weights and one length of each model will do: `test_models.py` and its
neighbours have all kinds, and all lengths, of the same models in miniature.

They stand in one file, because files are what `make test` runs beside each other: a comparison holds four models, and
two of them at once would want more memory than a small machine has.
"""

import pytest

from parity_tests.test_models import check_autovc
from tfvc.cases import find_case
from tfvc.cases.hifigan import hifigan_generator, published
from tfvc.cases.melgan import melgan
from tfvc.cases.melgan_keras_io import melgan_keras_io
from tfvc.models.hifigan import HiFiGANConfig
from tfvc.models.melgan import MelGANConfig
from tfvc.models.melgan_keras_io import KerasIOMelGANConfig
from tfvc.parity import compare

pytestmark = pytest.mark.slow


def test_autovc_official():
    """28,422,464 parameters, 120 frames, no multiple of freq 32."""
    compare(find_case("autovc_official"), steps=2).raise_on_failure()


def test_autovc_article():
    """176 frames are eight times freq 22; all else, and so what a gradient adds up, is as in `official`."""
    compare(find_case("autovc_article"), ("forward",)).raise_on_failure()


def test_autovc_small():
    """50 frames, no multiple of freq 16."""
    check_autovc(find_case("autovc_small"), steps=3, further_steps=0)


@pytest.mark.parametrize("name", ["ge2e", "dvector"])
def test_the_speaker_encoders(name):
    compare(find_case(name), steps=1).raise_on_failure()


@pytest.mark.parametrize(
    ("case", "phases"),
    [
        (melgan(MelGANConfig(), 8191), None),
        (melgan_keras_io(KerasIOMelGANConfig(), 8000), ("forward", "backward")),
    ],
    ids=["descript", "keras_io"],
)
def test_melgan(case, phases):
    """No multiple of the hop, and of the first a step of both optimizers: of the other they are the same."""
    compare(case, phases, init="random", steps=1).raise_on_failure()


@pytest.mark.parametrize("name", ["v1", "v2", "v3"])
def test_the_generators_of_hifigan(name):
    case = hifigan_generator(HiFiGANConfig.from_name(name), frames=25)
    compare(case, ("forward", "backward"), "random").raise_on_failure()


def test_the_discriminators_of_hifigan():
    """70,724,591 parameters; 2,310 samples fill rows of every period and are cut from ten hops.

    Longer waves, the larger generators and optimizer steps are `tfvc parity run hifigan_v1` and the like, minutes each;
    steps in miniature are in `test_hifigan.py`.
    """
    compare(published("v3", samples=2310), ("forward", "backward"), "random").raise_on_failure()
