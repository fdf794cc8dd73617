"""Kinds of bugs that are planted in right pairs by a drawing script, and the list that it drew.

    python -m parity_tests.foreign.planting

writes `drawn.json`: which kind, in which layer of which pair, with which value. The kinds know classes of Keras layers;
which layers there are, the models say, and which of all these bugs are planted, a seed. So nobody who writes a
hypothesis has chosen what it is measured with.
"""
