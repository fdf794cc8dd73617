"""Is it the same voice?"""

import numpy as np


def speaker_cosine(one: np.ndarray, other: np.ndarray) -> float:
    """The cosine of two speaker embeddings `[embedding]` of any length."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
