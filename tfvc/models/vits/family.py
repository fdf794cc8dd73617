"""VITS, for the rest of tfvc."""

from tfvc.models.family import Family, Network

_OF_TRAINING = ("iteration", "optimizer", "learning_rate")

FAMILY = Family(
    name="vits",
    networks=(
        Network(
            name="vits",
            model="tfvc.models.vits.model:VITS",
            config="tfvc.models.vits.config:VITSConfig",
            adopt_torch="tfvc.models.vits.adopt:adopt_torch",
            adopt_onnx="tfvc.models.vits.adopt:adopt_onnx",
            not_in_file=("n_heads", "p_dropout"),
            of_training=_OF_TRAINING,
        ),
        Network(
            name="vits_tone_converter",
            model="tfvc.models.vits.tone_converter:ToneConverter",
            config="tfvc.models.vits.tone_config:ToneConverterConfig",
            upstream_config="tfvc.models.vits.upstream:read_tone_config",
            not_in_file=("zero_g",),
            of_training=_OF_TRAINING,
        ),
    ),
    voice="tfvc.voices.vits:VITSVoice",
    cases="tfvc.cases.vits:CASES",
)
