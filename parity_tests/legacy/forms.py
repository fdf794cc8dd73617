"""Sizes that both stacks must agree on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A convolution under weight normalisation, padding "same" as everywhere in the articles.

    `frames` are those of a first call and of a second: with strides above 1 the padding depends on them.
    """

    inputs: int
    filters: int
    kernel_size: int
    frames: tuple[int, int]
    strides: int = 1
    dilation_rate: int = 1
    groups: int = 1
    transposed: bool = False

    @property
    def starts(self) -> tuple[str, ...]:
        """What g can start from: the lengths of v, or data.

        Around a transposed convolution addons multiplies g, which it keeps for each input channel, by a scale of each
        output channel: it fails unless there are as many of both.
        """
        return ("lengths",) if self.transposed and self.inputs != self.filters else ("lengths", "data")

    @property
    def kernel_shape(self) -> tuple[int, int, int]:
        if self.transposed:
            return self.kernel_size, self.filters, self.inputs
        return self.kernel_size, self.inputs // self.groups, self.filters


BATCH = 3

# Those of the generator and the discriminator of keras.io, the widest made narrower.
FORMS = {
    "plain": Form(32, 24, 7, frames=(21, 18)),
    "dilated": Form(32, 32, 3, frames=(29, 24), dilation_rate=9),
    "grouped": Form(16, 64, 41, frames=(126, 93), strides=4, groups=4),
    "transposed": Form(40, 24, 16, frames=(7, 10), strides=8, transposed=True),
    "transposed by 2": Form(24, 24, 16, frames=(9, 14), strides=2, transposed=True),
    "of one filter": Form(32, 1, 7, frames=(40, 33)),
}


@dataclass(frozen=True)
class AdamForm:
    """An Adam as an article makes it."""

    learning_rate: float
    beta_1: float
    beta_2: float
    clipnorm: float | None


ADAMS = {"autovc": AdamForm(1e-4, 0.9, 0.999, None), "melgan": AdamForm(1e-5, 0.5, 0.9, 1.0)}
ADAM_SHAPES = ((7, 5), (11,), (3, 4, 2))
ADAM_STEPS = 12
GRADIENT_SIZES = {"ordinary": 1.0, "tiny": 1e-8}

MEL_FRAMES, N_MELS, HOP = 9, 80, 256  # of MelGAN: 2,304 samples

AUTOVC_FRAMES, NECK, FREQ, EMBEDDING, CROP = 66, 32, 22, 256, 176
