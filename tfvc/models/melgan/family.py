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
            upgrade="tfvc.models.melgan.upgrade:upgrade",
        ),
        Network(
            name="melgan_discriminator",
            model="tfvc.models.melgan.discriminator:MelGANDiscriminator",
            config="tfvc.models.melgan.config:MelGANConfig",
            upgrade="tfvc.models.melgan.upgrade:upgrade",
        ),
    ),
    training="tfvc.training.melgan:MelGANTraining",
    default_preset="small",
    cases="tfvc.cases.melgan:CASES",
)
