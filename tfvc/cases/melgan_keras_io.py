"""The MelGAN of the keras.io example beside `torch_ref.melgan_keras_io`."""

from typing import Any

from tfvc.cases.melgan import adam, discriminator_sizes, generator_sizes, melgan_case
from tfvc.cases.reference import reference
from tfvc.models.melgan_keras_io import KerasIOMelGAN, KerasIOMelGANConfig
from tfvc.parity.case import ParityCase


def melgan_keras_io(config: KerasIOMelGANConfig, samples: int = 8192, batch: int = 2) -> ParityCase:
    """A whole MelGAN of the example's kind: see `melgan_case`."""

    def torch_module() -> Any:
        torch_ref = reference("melgan_keras_io")
        generator = torch_ref.Generator(**generator_sizes(config))
        return torch_ref.MelGAN(
            generator, torch_ref.Discriminator(**discriminator_sizes(config)), config.feature_weight
        )

    # Keras's epsilon, and each gradient clipped to length 1.
    rates = {"generator": 1e-5, "discriminator": 1e-6}
    optimizers = {name: adam(rate, epsilon=1e-7, clip=1.0) for name, rate in rates.items()}
    return melgan_case(KerasIOMelGAN, config, torch_module, optimizers, samples, batch)


CASES = {"melgan_keras_io": lambda: melgan_keras_io(KerasIOMelGANConfig.from_name("keras_io"))}
