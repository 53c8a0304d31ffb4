"""A worker as docs describe it, of the standard library alone: x = theta[0] + the seed's last byte + the
sample's place. What it does else is told by its arguments: MODE [FILE]."""
import array
import os
import signal
import sys
import time

mode, file = (sys.argv[1:] + ["", ""])[:2]
length = 8
given, answer = open(3, "rb"), open(4, "wb")
batches = 0


def once():
    """Whether this has not happened yet, in any worker that has FILE."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


if mode == "exit":
    print("nothing\nto simulate with", file=sys.stderr)
    sys.exit(3)
if mode == "segfault":
    os.kill(os.getpid(), signal.SIGSEGV)
if mode == "chatter":  # 100 MB on both, with a line that never ends and bytes that are no text
    for stream in 1, 2:
        for _ in range(100):
            os.write(stream, b"a line of text\n\r\x1b[31m\xff\x00" * 4096)
        for _ in range(3000):
            os.write(stream, b"x" * 16384)
if mode == "silent":  # hangs, and so does what it started; neither can be asked to end
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        time.sleep(1000)
while line := given.readline():
    n, d = map(int, line.split())
    theta = array.array("d", given.read(8 * n * d))
    seeds = array.array("Q", given.read(8 * n))
    batches += 1
    if mode == "count":  # a line for each simulation
        os.write(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), b"one\n" * n)
    if mode in ("hang", "silent") or (mode == "hang_once" and once()):
        time.sleep(1000)
    if mode == "die_once" and once():
        sys.exit(1)
    if mode == "die_at" and 13.0 in theta[::d]:
        print("cannot do 13", file=sys.stderr)
        sys.exit(1)
    if mode == "slow":
        time.sleep(0.5)
    if mode == "uneven":  # 1 ms to 100 ms each
        time.sleep(sum(1 + seed % 100 for seed in seeds) / 1000)
    x = [theta[i * d] + seeds[i] % 256 + t for i in range(n) for t in range(length)]
    if mode == "random":  # not what the seeds say
        x[0] += batches
    if mode == "nan":
        x[-length] = float("nan")
    if mode == "late" and batches == 2:  # what the first batch did not ask for
        answer.write(bytes(4))
    numbers = array.array("d" if mode == "double" else "f", x)
    answer.write(numbers.tobytes()[: 2 * n * length if mode == "half" else None])
    answer.flush()
    if mode == "half":
        sys.exit(0)
    if mode == "double":
        print("has written doubles")
