"""What is taken where nothing is named, in one place; light enough for `tfvc --help`."""

VOCODER = "griffin-lim"
SPEAKER_ENCODER = "ge2e"
