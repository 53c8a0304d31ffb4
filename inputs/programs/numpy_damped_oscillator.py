"""A damped oscillator, x'' + 2 gamma x' + omega^2 x = 0, let go at x = 1 and observed with noise: an example
of a program that simulates, with numpy alone. numpy_damped_oscillator.cfg is a study of it."""
import numpy as np

LENGTH, STEP, NOISE = 100, 0.05, 0.1  # samples, s, cm: as the input file says
time = STEP * np.arange(LENGTH)


def simulate(theta, seeds):
    """theta (n, 2): omega and gamma; seeds (n) -> positions (n, 1, LENGTH), each row by itself."""
    omega, gamma = theta[:, :1], theta[:, 1:]
    rate = np.sqrt(omega**2 - gamma**2)
    position = np.exp(-gamma * time) * (np.cos(rate * time) + gamma / rate * np.sin(rate * time))
    noise = [np.random.default_rng(seed).standard_normal(LENGTH) for seed in seeds]
    return (position + NOISE * np.array(noise)).reshape(-1, 1, LENGTH)


# From here on any simulator in Python has the same lines.
given, answer = open(3, "rb"), open(4, "wb")
while line := given.readline():
    n, d = map(int, line.split())
    theta = np.frombuffer(given.read(8 * n * d)).reshape(n, d)
    seeds = np.frombuffer(given.read(8 * n), np.uint64)
    answer.write(simulate(theta, seeds).astype(np.float32).tobytes())
    answer.flush()
