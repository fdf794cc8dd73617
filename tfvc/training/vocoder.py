"""Training a vocoder against its discriminator on a prepared feature set."""

import abc
from dataclasses import dataclass
from typing import ClassVar

import keras
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.config import Config
from tfvc.common.errors import TfvcError
from tfvc.data import fixed_wave_segments, wave_segments
from tfvc.models.gan_step import VocoderGAN
from tfvc.training.base import Corpus, Training
from tfvc.training.config import VocoderTrainingConfig
from tfvc.training.listening import Listening
from tfvc.training.start import Start
from tfvc.weights.h5 import load_weights

# Reflected padding of three frames needs one more.
_FEWEST_FRAMES = 4


@dataclass(frozen=True)
class VocoderTraining(Training):
    """A run of a vocoder: see `Training`. Besides `preset/`, the generator, it leaves `discriminator/`.

    The generator's preset has the running means of its weights, and they are what is validated. The mels of the
    training segments are computed from the segments in the graph, after a random gain; the waveforms of the feature
    set have the loudness of the recordings, no peaks are normalised. With a `start`, the mels of the feature set must
    be those that the trained generator knows.

    A subclass names the model, and its settings where they differ from preset to preset.
    """

    gan_class: ClassVar[type[VocoderGAN]]
    settings_class: ClassVar[type[VocoderTrainingConfig]]
    headline = ("generator", "discriminator")

    settings: VocoderTrainingConfig

    @classmethod
    def find_start(cls, preset: str) -> Start | None:
        architectures = cls.gan_class.generator_class.config_class.named
        if preset in architectures:
            return None
        try:
            return Start.find(preset)
        except TfvcError as problem:
            raise TfvcError(
                f"{cls.name} has no preset {preset!r}; choose one of {', '.join(architectures)}, or a trained "
                f"generator's ({problem})"
            ) from None

    @classmethod
    def defaults(cls, preset: str, spec: MelSpec) -> tuple[Config, VocoderTrainingConfig]:
        start, generator = cls.find_start(preset), cls.gan_class.generator_class
        if start is None:
            return generator.config_class.from_name(preset), cls.settings_class.from_name(preset)
        return generator.read_preset(start.generator).config, cls.settings_from(start)

    @classmethod
    def settings_from(cls, start: Start) -> VocoderTrainingConfig:
        """The settings for going on from there."""
        return cls.settings_class()

    def fresh_gan(self, spec: MelSpec) -> VocoderGAN:
        """The networks with fresh weights, not compiled."""
        return self.gan_class.fresh(self.model, spec, dtype=self.policy())

    @abc.abstractmethod
    def schedule(
        self, learning_rate: float, steps: int, corpus: Corpus
    ) -> float | keras.optimizers.schedules.LearningRateSchedule:
        """How a learning rate goes on from its value at the start, over so many steps."""

    def check(self, spec):
        if spec.n_mels != self.model.n_mels:
            raise TfvcError(f"{self.data}: mels have {spec.n_mels} channels, the model wants {self.model.n_mels}")
        if spec.hop != self.model.hop:
            raise TfvcError(
                f"{self.data}: a frame of its mels is {spec.hop} samples, the model makes {self.model.hop} of it"
            )
        segment = self.settings.segment
        if segment % spec.hop or segment < _FEWEST_FRAMES * spec.hop:
            raise TfvcError(
                f"segment is {segment} samples; it must be a multiple of the hop, {spec.hop}, and at least "
                f"{_FEWEST_FRAMES * spec.hop}"
            )
        if self.start is not None:
            self._check_start(self.start, spec)

    def _check_start(self, start, spec):
        known = self.gan_class.generator_class.read_preset(start.generator)
        if differences := known.mel_spec.differences(spec):
            raise TfvcError(
                f"{self.data}: has other mels than those that {known.folder} was trained on "
                f"({'; '.join(differences)}); prepare the recordings with the preset's (tfvc prepare --mel)"
            )
        if known.states.get("fused"):
            raise TfvcError(
                f"{known.folder}: its weight normalisation has been fused, which is for inference; import the "
                "checkpoint that has weight_g and weight_v"
            )
        if start.discriminator is not None:
            self.gan_class.discriminator_class.read_preset(start.discriminator)

    def fresh_model(self, corpus):
        settings = self.settings
        model = self.fresh_gan(corpus.features.spec)
        if self.start is not None:
            load_weights(model.generator, self.start.generator / "model.weights.h5")
            if self.start.discriminator is not None:
                load_weights(model.discriminator, self.start.discriminator / "model.weights.h5")
        generator, discriminator = model.default_optimizers()
        averaging = {"use_ema": settings.ema_decay > 0, "ema_momentum": settings.ema_decay}
        # The discriminator's schedule begins when it does.
        own_steps = max(self.steps - settings.warmup_steps, 1)
        model.compile(
            _changed(
                generator,
                learning_rate=self.schedule(settings.generator_learning_rate, self.steps, corpus),
                **averaging,
            ),
            _changed(
                discriminator,
                learning_rate=self.schedule(settings.discriminator_learning_rate, own_steps, corpus),
            ),
            warmup_steps=settings.warmup_steps,
        )
        return model

    def optimizers(self, model):
        return {
            "generator_learning_rate": model.generator_optimizer,
            "discriminator_learning_rate": model.discriminator_optimizer,
        }

    def batches(self, corpus, start):
        segments = wave_segments(
            corpus.features,
            self.batch_size,
            self.settings.segment,
            self.seed,
            start_step=start,
            steps=self.steps - start,
            speakers=corpus.training,
        )
        loud = at_random_gain(segments, self.seed, start, self.settings.gain_min, self.settings.gain_max)
        return loud.map(lambda wave, mel: (wave, wave))

    def validation(self, corpus):
        segments = None
        if corpus.validation:
            segments = fixed_wave_segments(
                corpus.features, self.batch_size, self.settings.segment, speakers=corpus.validation
            )
        listening = Listening(corpus)

        def measure(model):
            """With the running means in the generator's place."""
            if segments is None:
                return {}
            weights = model.generator.get_weights()
            model.generator.set_weights(model.averaged_generator().get_weights())
            results = model.evaluate(segments.map(lambda wave, mel: (wave, wave)), verbose=0, return_dict=True)
            model.generator.set_weights(weights)
            return results

        def show(model):
            listening.write(model.averaged_generator())

        return measure, show

    def presets(self, model):
        return {"discriminator": model.discriminator, "preset": model.averaged_generator()}


def at_random_gain(
    segments: tf.data.Dataset, seed: int, start_step: int, lowest: float, highest: float
) -> tf.data.Dataset:
    """Multiplies each waveform by a random number that depends on (seed, step, row) alone.

    Args:
        segments: what `wave_segments` gives; (wave `[batch, samples]`, mel). The mel stays as it is.
        seed: of the gains.
        start_step: that of `segments`.
        lowest: gains are drawn uniformly from here
        highest: to here.
    """

    def scale(step, data):
        wave, mel = data
        rows = [tf.shape(wave)[0], 1]
        # The algorithm is named: the one chosen by TensorFlow depends on the device.
        gain = tf.random.stateless_uniform(rows, [seed, step], minval=lowest, maxval=highest, alg="philox")
        return wave * gain, mel

    return segments.enumerate(start_step).map(scale)


def _changed(optimizer: keras.optimizers.Optimizer, **fields) -> keras.optimizers.Optimizer:
    """The same optimizer with other settings."""
    return type(optimizer).from_config(optimizer.get_config() | fields)
