"""Times every row, prints the table and writes it: see the package."""

import argparse
import fnmatch
import os
from pathlib import Path

import tensorflow as tf
import torch

from parity_tests.speed import ceilings, memory, report, throughput
from parity_tests.speed.rows import all_rows
from parity_tests.speed.timing import in_turns


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m parity_tests.speed", description=__doc__)
    parser.add_argument("--rows", default="*", help="only those whose name matches this pattern, such as 'LSTM*'")
    parser.add_argument("--without", choices=["torch", "keras"], help="a peer to leave out")
    parser.add_argument("--turns", type=int, default=7, help="of each peer, for each row")
    parser.add_argument("--slow-turns", type=int, default=2, help="of stock Keras where it takes seconds")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each framework")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    torch.set_num_threads(options.threads)

    limits = ceilings.measure()
    print(report.heading(limits, options.threads), flush=True)
    measured = []
    for name, build in all_rows():
        if fnmatch.fnmatch(name, options.rows):
            row = build()
            peers = {peer: work for peer, work in row.peers.items() if peer != options.without}
            measured.append(report.Measured(name, row, in_turns(peers, options.turns, options.slow_turns), limits))
            print(measured[-1].line(), flush=True)
    step = next(
        (row.timings["tfvc"].median_ms for row in measured if row.name == "AutoVC training step, B 16 x 128"), None
    )
    rest = {"memory": memory.measure(), "data": throughput.measure(step)} if options.rows == "*" else {}
    print(report.rest(rest))
    report.write(options.out, measured, limits, options.threads, rest)


if __name__ == "__main__":
    main()
