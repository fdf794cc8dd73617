"""The four models of a comparison: torch's and Keras's, each in float64 and in float32."""
