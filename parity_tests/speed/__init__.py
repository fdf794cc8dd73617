"""How fast tfvc is beside PyTorch and stock Keras: `make bench`, which is `python -m parity_tests.speed`.

All three run in one process with the same number of threads, in turns, so that what slows the machine down for a
moment slows down all of them; of each the median of the turns counts. Absolute times say something of one machine on
one day; the ratios are the point. `rows` has what is timed, one module a subject.
"""
