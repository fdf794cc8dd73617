"""Training a vocoder against a discriminator: what MelGAN and its successors share."""

import abc
from typing import Any, ClassVar, Self

import keras
import tensorflow as tf

from tfvc.audio import MelExtractor, MelSpec
from tfvc.common.config import Config
from tfvc.common.errors import TfvcError
from tfvc.models.preset import PresetModel

_PARTS = ("generator", "discriminator")
_OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")


class VocoderGAN(keras.Model):
    """A generator and a discriminator, trained with `fit`.

    The dataset yields `(input, wave)`: wave `[batch, samples]` or `[batch, samples, 1]`, input its mel
    `[batch, frames, n_mels]`, or the wave once more, whose mel is then computed in the graph. Where frames * hop and
    samples differ, both waves are cut to the shorter.

    A training step:

    1. the generator speaks the mel;
    2. the discriminator hears the real wave and the generator's, and takes its step;
    3. it hears the generator's again, and the generator takes its step. The features of the real wave that it is
       to match are those from before the discriminator's step; with `renews_features` it hears the real wave again
       too, and they are those from after it.

    With `simultaneous`, both networks step from the maps of 2.

    With a `mel_weight`, that times the L1 distance of the mels of both waves is added to the generator's loss.

    A subclass names both networks, gives the losses and the default optimizers, and says which mels are compared if
    they are not those that the generator reads. It is registered with Keras.

    Args:
        generator: mel to wave `[batch, frames * hop, 1]`.
        discriminator: wave to a list of lists of maps, the last of each list the score.
    """

    generator_class: ClassVar[type[PresetModel]]
    discriminator_class: ClassVar[type[PresetModel]]
    simultaneous = False
    renews_features = False
    mel_weight = 0.0
    loss_names = ("discriminator", "generator", "adversarial", "feature")

    def __init__(self, generator: PresetModel, discriminator: PresetModel, **kwargs):
        super().__init__(**kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.config = generator.config
        self.mel_spec = generator.mel_spec
        self.extract_mel = self.extract_compared_mel = None
        if self.mel_spec is not None:
            self.extract_mel = self._extractor("extract_mel", self.mel_spec)
            self.extract_compared_mel = self._extractor("extract_compared_mel", self.compared_mels(self.mel_spec))
        self._loss_metrics = {name: keras.metrics.Mean(name) for name in (*self.loss_names, "mel")}
        self.built = True

    @classmethod
    def fresh(cls, config: Config, mel_spec: MelSpec | None = None, **kwargs) -> Self:
        """Both networks with fresh weights, from one configuration."""
        networks = (network(config, mel_spec, **kwargs) for network in (cls.generator_class, cls.discriminator_class))
        return cls(*networks, **kwargs)

    @classmethod
    def from_name(cls, name: str, **kwargs) -> Self:
        """A named architecture with fresh weights, on the mels that it is used with."""
        networks = (network.from_name(name, **kwargs) for network in (cls.generator_class, cls.discriminator_class))
        return cls(*networks, **kwargs)

    def get_config(self) -> dict[str, Any]:
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in _PARTS}
        return {**super().get_config(), **parts}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        parts = {name: keras.saving.deserialize_keras_object(config[name], custom_objects) for name in _PARTS}
        return cls(**{**config, **parts})

    def get_build_config(self) -> None:
        """Nothing: both networks come built, from their own configurations."""

    @abc.abstractmethod
    def discriminator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        """The losses of the discriminator, given the maps of both waves; `discriminator` is minimised."""

    @abc.abstractmethod
    def generator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        """The losses of the generator, given the maps of both waves; `generator` is minimised."""

    @abc.abstractmethod
    def default_optimizers(self) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
        """Of the generator and of the discriminator."""

    def compared_mels(self, mel_spec: MelSpec) -> MelSpec:
        """The front-end of the mels whose distance is a loss, given that of the mels that the generator reads."""
        return mel_spec

    def call(self, mel, training=False):
        return self.generator(mel, training=training)

    def compile(self, generator_optimizer=None, discriminator_optimizer=None, warmup_steps: int = 0, **kwargs):
        """Sets the two optimizers.

        Args:
            generator_optimizer, discriminator_optimizer: Keras optimizers; None takes the published ones. With
                `use_ema=True` in the generator's, `averaged_generator` gives the running mean of its weights.
            warmup_steps: so many first steps the generator takes alone, on the distance between the mels.
        """
        super().compile(optimizer=None, **kwargs)
        published = self.default_optimizers()
        self.generator_optimizer = self._scaled(generator_optimizer or published[0])
        self.discriminator_optimizer = self._scaled(discriminator_optimizer or published[1])
        self.warmup_steps = warmup_steps
        self.build_optimizers()

    def get_compile_config(self) -> dict[str, Any] | None:
        if not self.compiled:
            return None
        optimizers = {name: _unscaled(getattr(self, name)) for name in _OPTIMIZERS}
        serialized = {name: keras.saving.serialize_keras_object(it) for name, it in optimizers.items()}
        return {**serialized, "warmup_steps": self.warmup_steps}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def build_optimizers(self) -> None:
        """Creates the slots, so that a checkpoint can be read into them."""
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def _scaled(self, optimizer):
        if self.dtype_policy.name == "mixed_float16":
            return keras.optimizers.LossScaleOptimizer(optimizer)
        return optimizer

    def averaged_generator(self) -> PresetModel:
        """A copy of the generator, with the running means of its weights if the optimizer keeps them."""
        copy = type(self.generator)(self.generator.config, self.mel_spec)
        copy.set_weights(self.generator.get_weights())
        optimizer = _unscaled(self.generator_optimizer)
        if optimizer.use_ema and optimizer.iterations > 0:  # before its first step they are zeros
            optimizer.finalize_variable_values(copy.trainable_variables)
        return copy

    def train_step(self, data):
        mel, real = self.unpack(data)
        if not self.warmup_steps:
            return self._track(self._adversarial_step(mel, real))
        optimizer = _unscaled(self.generator_optimizer)
        losses = tf.cond(
            optimizer.iterations < self.warmup_steps,
            lambda: self._warmup_step(mel, real),
            lambda: self._adversarial_step(mel, real),
        )
        return self._track(losses)

    def test_step(self, data):
        mel, real = self.unpack(data)
        fake, real = same_length(self.generator(mel, training=False), real)
        return self._track({"mel": self.mel_distance(real, fake)})

    def unpack(self, data) -> tuple[tf.Tensor, tf.Tensor]:
        """What a dataset yields as (mel `[batch, frames, n_mels]`, wave `[batch, samples, 1]`)."""
        given, wave = data
        wave = wave[..., tf.newaxis] if wave.shape.rank == 2 else wave
        if given.shape.rank == 2:
            given = given[..., tf.newaxis]
        return (self._mel_of(given, self.extract_mel) if given.shape[-1] == 1 else given), wave

    def mel_distance(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        """Mean L1 distance of the mels of two waves `[batch, samples, 1]`, in the values of `compared_mels`."""
        mels = [self._mel_of(wave, self.extract_compared_mel) for wave in (real, fake)]
        return tf.reduce_mean(tf.abs(mels[0] - mels[1]))

    def _mel_of(self, wave, extract):
        if extract is None:
            raise TfvcError(f"{self.name}: to make mels of waves, the generator must have a mel spec")
        return extract(wave[..., 0])

    def _extractor(self, name, mel_spec):
        extractor = MelExtractor(mel_spec, name=name, dtype=self.dtype_policy)
        extractor.built = True
        return extractor

    def _warmup_step(self, mel, real):
        with tf.GradientTape() as tape:
            fake, real = same_length(self.generator(mel, training=True), real)
            loss = self.mel_distance(real, fake)
            scaled = self.generator_optimizer.scale_loss(loss)
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(scaled, variables), variables)
        # The same names as in an adversarial step.
        losses = {name: tf.zeros([], loss.dtype) for name in self.loss_names} | {"generator": loss}
        return losses | {"mel": loss} if self.mel_weight else losses

    def _adversarial_step(self, mel, real):
        of_generator, of_discriminator = self.generator.trainable_variables, self.discriminator.trainable_variables
        with tf.GradientTape() as generator_tape:
            fake, real = same_length(self.generator(mel, training=True), real)
            with tf.GradientTape() as discriminator_tape:
                real_maps, fake_maps = self.discriminator(real, training=True), self.discriminator(fake, training=True)
                losses = self.discriminator_losses(real_maps, fake_maps)
                scaled = self.discriminator_optimizer.scale_loss(losses["discriminator"])
            with generator_tape.stop_recording():
                gradients = discriminator_tape.gradient(scaled, of_discriminator)
                if not self.simultaneous:
                    self.discriminator_optimizer.apply(gradients, of_discriminator)
            if not self.simultaneous:
                if self.renews_features:
                    real_maps = self.discriminator(real, training=True)
                fake_maps = self.discriminator(fake, training=True)
            losses |= self.generator_losses(real_maps, fake_maps)
            if self.mel_weight:
                losses["mel"] = self.mel_distance(real, fake)
                losses["generator"] += self.mel_weight * losses["mel"]
            scaled = self.generator_optimizer.scale_loss(losses["generator"])
        self.generator_optimizer.apply(generator_tape.gradient(scaled, of_generator), of_generator)
        if self.simultaneous:
            self.discriminator_optimizer.apply(gradients, of_discriminator)
        return losses

    def _track(self, losses):
        for name, value in losses.items():
            self._loss_metrics[name].update_state(value)
        return {name: self._loss_metrics[name].result() for name in losses}

    @property
    def metrics(self):
        return list(self._loss_metrics.values())


def _unscaled(optimizer):
    """The optimizer itself, where the loss is scaled for half precision."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def same_length(fake: tf.Tensor, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Two waves `[batch, samples, 1]`, both cut to the shorter."""
    if fake.shape[1] is not None and fake.shape[1] == real.shape[1]:
        return fake, real
    samples = tf.minimum(tf.shape(fake)[1], tf.shape(real)[1])
    return fake[:, :samples], real[:, :samples]
