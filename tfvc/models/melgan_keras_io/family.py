"""The MelGAN of the keras.io example, for the rest of tfvc."""

from tfvc.models.family import Family, Network

FAMILY = Family(
    name="melgan_keras_io",
    networks=(
        Network(
            name="melgan_keras_io",
            model="tfvc.models.melgan_keras_io.generator:KerasIOMelGANGenerator",
            config="tfvc.models.melgan_keras_io.config:KerasIOMelGANConfig",
            vocoder=True,
            keras2_preset="keras_io",
        ),
        Network(
            name="melgan_keras_io_discriminator",
            model="tfvc.models.melgan_keras_io.discriminator:KerasIOMelGANDiscriminator",
            config="tfvc.models.melgan_keras_io.config:KerasIOMelGANConfig",
            keras2_preset="keras_io",
        ),
    ),
    training="tfvc.training.melgan_keras_io:KerasIOMelGANTraining",
    default_preset="keras_io",
    cases="tfvc.cases.melgan_keras_io:CASES",
)
