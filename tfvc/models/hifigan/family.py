"""HiFi-GAN, for the rest of tfvc."""

from tfvc.models.family import Family, Network

# What upstream's files of the discriminators hold beside the networks.
_OF_TRAINING = ("optim_g", "optim_d", "steps", "epoch")

FAMILY = Family(
    name="hifigan",
    networks=(
        Network(
            name="hifigan",
            model="tfvc.models.hifigan.generator:HiFiGANGenerator",
            config="tfvc.models.hifigan.config:HiFiGANConfig",
            vocoder=True,
            upgrade="tfvc.models.earlier_presets:fused_beside_config",
            upstream_config="tfvc.models.hifigan.upstream:read_generator_config",
            of_training=_OF_TRAINING,
        ),
        Network(
            name="hifigan_discriminator",
            model="tfvc.models.hifigan.discriminator:HiFiGANDiscriminator",
            config="tfvc.models.hifigan.discriminator_config:HiFiGANDiscriminatorConfig",
            upstream_config="tfvc.models.hifigan.upstream:read_discriminator_config",
            of_training=_OF_TRAINING,
        ),
    ),
    training="tfvc.training.hifigan:HiFiGANTraining",
    default_preset="v1",
    cases="tfvc.cases.hifigan:CASES",
)
