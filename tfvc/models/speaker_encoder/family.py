"""Speaker encoders, for the rest of tfvc."""

from tfvc.models.family import Family, Network

FAMILY = Family(
    name="speaker_encoder",
    networks=(
        Network(
            name="speaker_encoder",
            model="tfvc.models.speaker_encoder.model:SpeakerEncoder",
            config="tfvc.models.speaker_encoder.config:SpeakerEncoderConfig",
        ),
    ),
    cases="tfvc.cases.speaker_encoder:CASES",
    downloads={"ge2e": "tfvc.models.speaker_encoder.published:fetch_ge2e"},
)
