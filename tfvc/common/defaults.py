"""What is taken where nothing is named, in one place; light enough for `tfvc --help`."""

# The vocoder that is no preset.
GRIFFIN_LIM = "griffin-lim"

VOCODER = GRIFFIN_LIM
SPEAKER_ENCODER = "ge2e"
