"""The spectrogram and the mel matrix."""

from parity_tests.mutations.planted.mutation import FORWARD, Mutation
from parity_tests.mutations.spectrum import spectrum_case as spectrogram

MUTATIONS = [
    Mutation("spectrogram: not centred", "STFT", lambda: spectrogram(center=False), FORWARD, "stft", "attribute"),
    Mutation(
        "spectrogram: rectangular window",
        "STFT",
        lambda: spectrogram(window="ones"),
        FORWARD,
        "stft",
        ("buffer", "weight"),
    ),
    Mutation("mel matrix: HTK", "mel matrix", lambda: spectrogram(htk=True), FORWARD, "mel", "mel scale"),
]
