"""Times `l2t bench` and `peer.py` alternately on the CPU and prints medians, spread and ratios.

Before every run it waits until the machine is quiet, and a run during which other programs took more than 8 % of it is done
again: PyTorch's threads lose far more time to a busy machine than ours, so that a contended ratio flatters us. See README.md.
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

PEER = Path(__file__).with_name("peer.py")
# Of the whole machine.
MOST_BUSY = 0.08
ATTEMPTS = 5


def busy_seconds():
    """Seconds of processor time that anything has used since the machine started, over all processors."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:8]]
    user, nice, system, _idle, _iowait, irq, softirq = fields
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet():
    while True:
        before, start = busy_seconds(), time.perf_counter()
        time.sleep(2)
        share = (busy_seconds() - before) / (os.cpu_count() * (time.perf_counter() - start))
        if share < MOST_BUSY:
            return
        print(f"other programs take {100 * share:.0f} % of the machine: waiting", file=sys.stderr)


def run_alone(command, threads):
    """What `command` prints, from a run that had the machine to itself."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    for _ in range(ATTEMPTS):
        wait_until_quiet()
        before, own_before, start = busy_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        wall, own = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
        used = own.ru_utime + own.ru_stime - own_before.ru_utime - own_before.ru_stime
        others = (busy_seconds() - before - used) / (os.cpu_count() * wall)
        if others < MOST_BUSY:
            return done.stdout
        print(f"other programs took {100 * others:.0f} % of the machine: once more", file=sys.stderr)
    raise SystemExit("the machine is not quiet enough to compare anything")


def ours(options, width, plain):
    """Seconds of an iteration, and GFLOP/s of a matrix product."""
    command = [options.l2t, "bench", "--device", "cpu", "--repeats", str(options.repeats)]
    settings = [f"target.width={width}", f"train.batch_size={options.batch}"] + ["method.name=scratch"] * plain
    for setting in settings:
        command += ["--set", setting]
    text = run_alone(command, options.threads)
    milliseconds = float(re.search(r"^iteration +([\d.]+)", text, re.M).group(1))
    product = float(re.search(r"matrix product ([\d.]+)", text).group(1))
    return milliseconds / 1e3, product


def peer(options, width, method):
    command = [sys.executable, PEER, "--method", method, "--width", str(width), "--batch", str(options.batch)]
    command += ["--repeats", str(options.repeats), "--threads", str(options.threads)]
    found = json.loads(run_alone(command, options.threads))
    return found["seconds_per_iteration"], found["matmul_gflops"]


def compare(options, width):
    rows = {
        "ours, iteration": lambda: ours(options, width, False),
        "the authors' iteration": lambda: peer(options, width, "authors"),
        "the same algorithm in PyTorch": lambda: peer(options, width, "unrolled"),
        "ours, plain step": lambda: ours(options, width, True),
        "PyTorch, plain step": lambda: peer(options, width, "plain"),
    }
    found = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, run in rows.items():
            found[name].append(run())
    print(f"\nwidth {width}, batch {options.batch}, {options.threads} threads, {options.rounds} rounds")
    seconds = {name: statistics.median(secs for secs, _ in runs) for name, runs in found.items()}
    for name, runs in found.items():
        all_seconds, products = [secs for secs, _ in runs], [product for _, product in runs]
        print(
            f"{name:30} {seconds[name]:8.4f} s ({min(all_seconds):.4f} to {max(all_seconds):.4f})"
            f"   1024³ product {statistics.median(products):6.1f} GFLOP/s"
        )
    for name, other in [
        ("ours, iteration", "the authors' iteration"),
        ("ours, iteration", "the same algorithm in PyTorch"),
        ("ours, plain step", "PyTorch, plain step"),
    ]:
        ratios = sorted(mine / theirs for (mine, _), (theirs, _) in zip(found[name], found[other]))
        print(f"{name} / {other}: {seconds[name] / seconds[other]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--l2t", default="target/release/l2t", help="the program")
    parser.add_argument("--widths", type=float, nargs="+", default=[0.25, 1.0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3, help="each is one run of everything")
    parser.add_argument("--repeats", type=int, default=5, help="iterations of a run, of which the median is taken")
    options = parser.parse_args()
    for width in options.widths:
        compare(options, width)


if __name__ == "__main__":
    main()
