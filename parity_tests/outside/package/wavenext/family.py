"""What tfvc has to know of WaveNeXt."""

from tfvc.models.family import Family, Network

FAMILY = Family(
    name="wavenext",
    networks=(
        Network(
            name="wavenext",
            model="wavenext.generator:WaveNeXtGenerator",
            config="wavenext.config:WaveNeXtConfig",
            vocoder=True,
        ),
    ),
    cases="wavenext.cases:CASES",
)
