"""A worker that does nothing: simulations of ROW zeros each. Arguments: ROW BATCH, the most at once."""
import sys

row, batch = map(int, sys.argv[1:])
zeros = memoryview(bytes(4 * row * batch))
given, answer = open(3, "rb"), open(4, "wb", buffering=0)
while line := given.readline():
    n, d = map(int, line.split())
    given.read(8 * n * d + 8 * n)
    left = zeros[: 4 * row * n]
    while left:
        left = left[answer.write(left):]
