"""The three losses that AutoVC trains on (auspicious3000/autovc, solver_encoder.py)."""

import tensorflow as tf


def autovc_losses(
    mel, decoded, refined, codes, codes_again, content_weight: float, absolute: bool = False
) -> dict[str, tf.Tensor]:
    """Reconstruction before and after the postnet, and the distance of the codes.

    Upstream compares `[batch, time, mel]` with `[batch, 1, time, mel]`, which broadcasts every item against
    every other. What the paper means, and what is computed here, compares each item with itself.

    Args:
        mel: `[batch, time, n_mels]`, the target, in the network's scale.
        decoded: the same shape, the decoder's output.
        refined: the same shape, decoded plus the postnet's correction.
        codes: `[batch, time / freq, 2 * neck]`, the codes of `mel`.
        codes_again: the codes of `refined`, through which the gradient flows as well.
        content_weight: weight of the content loss.
        absolute: the mels' errors are absolute ones; upstream squares them.

    Returns:
        Scalars: `reconstruction` (mean squared or absolute error of decoded), `postnet` (of refined), `content` (mean
        absolute error of the codes) and their weighted sum `loss`.
    """
    # Under mixed precision the network's outputs are halves; a mean over them needs the target's precision.
    decoded, refined, codes, codes_again = (tf.cast(x, mel.dtype) for x in (decoded, refined, codes, codes_again))
    error = tf.abs if absolute else tf.square
    reconstruction = tf.reduce_mean(error(decoded - mel))
    postnet = tf.reduce_mean(error(refined - mel))
    content = tf.reduce_mean(tf.abs(codes_again - codes))
    return {
        "loss": reconstruction + postnet + content_weight * content,
        "reconstruction": reconstruction,
        "postnet": postnet,
        "content": content,
    }
