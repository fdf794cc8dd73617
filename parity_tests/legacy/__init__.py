"""The stack of the Keras 2 articles as a third peer: what it computes, kept as goldens, and the files it writes."""
