"""MelGAN, for the rest of tfvc."""

from tfvc.models.family import Family, Network

FAMILY = Family(
    name="melgan",
    networks=(
        Network(
            name="melgan",
            model="tfvc.models.melgan.generator:MelGANGenerator",
            config="tfvc.models.melgan.config:MelGANConfig",
            vocoder=True,
            keras2_preset="keras_io",
        ),
        Network(
            name="melgan_discriminator",
            model="tfvc.models.melgan.discriminator:MelGANDiscriminator",
            config="tfvc.models.melgan.config:MelGANConfig",
            keras2_preset="keras_io",
        ),
    ),
    training="tfvc.training.melgan:MelGANTraining",
    cases="tfvc.cases.melgan:CASES",
)
