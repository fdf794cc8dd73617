"""AutoVC, for the rest of tfvc."""

from tfvc.models.family import Family, Network

FAMILY = Family(
    name="autovc",
    networks=(
        Network(
            name="autovc",
            model="tfvc.models.autovc.model:AutoVC",
            config="tfvc.models.autovc.config:AutoVCConfig",
            keras2_preset="article",
            not_in_file=("freq",),
        ),
    ),
    training="tfvc.training.autovc:AutoVCTraining",
    default_preset="small",
    voice="tfvc.voices.autovc:AutoVCVoice",
    cases="tfvc.cases.autovc:CASES",
)
