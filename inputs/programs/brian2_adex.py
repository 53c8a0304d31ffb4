"""Adaptive exponential integrate-and-fire neurons (Brette and Gerstner 2005) in Brian2, a batch at once: an
example of a program that simulates. It needs brian2 (pip install brian2); brian2_adex.cfg is a study of it."""
import numpy as np
import brian2 as b
from brian2 import ms, mV, nA, nS, pA, pF

T, DT, STEP, LENGTH = 200, 0.1, 1, 200  # ms, ms, ms, samples: as the input file says
NOISE_PA, NOISE_MV = 50.0, 0.5  # of the current, in each step, and of the measured voltage
b.prefs.codegen.target = "numpy"  # compiles nothing: ranks would compile the same at the same time
b.defaultclock.dt = DT * ms
equations = """
dv/dt = (gL*(EL - v) + gL*DeltaT*exp((v - VT)/DeltaT) - w + I(t) + noise(t, i))/C : volt
dw/dt = (a*(v - EL) - w)/tau_w : amp
a : siemens
bump : amp
tau_w : second
VT : volt
"""
constants = {"C": 281 * pF, "gL": 30 * nS, "EL": -70.6 * mV, "DeltaT": 2 * mV, "peak": 0 * mV, "reset": -70.6 * mV}
steps = round(T / DT)
I = b.TimedArray(np.where((np.arange(T) >= 20) & (np.arange(T) < 180), 0.8, 0) * nA, dt=1 * ms)


def simulate(theta, seeds):
    """theta (n, 4): V_T, a, b, tau_w; seeds (n) -> voltage and spikes (n, 2, LENGTH), each row by itself."""
    random = [np.random.default_rng(seed) for seed in seeds]
    noise = b.TimedArray(np.stack([r.normal(0, NOISE_PA, steps) for r in random], axis=1) * pA, dt=DT * ms)
    cells = b.NeuronGroup(len(theta), equations, threshold="v > peak", reset="v = reset; w += bump", method="euler",
                          namespace={**constants, "I": I, "noise": noise})
    cells.VT, cells.a, cells.bump, cells.tau_w = theta[:, 0] * mV, theta[:, 1] * nS, theta[:, 2] * pA, theta[:, 3] * ms
    cells.v = constants["EL"]
    voltage, spikes = b.StateMonitor(cells, "v", record=True, dt=STEP * ms), b.SpikeMonitor(cells)
    b.Network(cells, voltage, spikes).run(T * ms)
    x = np.zeros((len(theta), 2, LENGTH))
    x[:, 0] = np.minimum(voltage.v / mV, 0) + [r.normal(0, NOISE_MV, LENGTH) for r in random]
    x[spikes.i, 1, np.minimum((spikes.t / ms / STEP).astype(int), LENGTH - 1)] = 1
    return x


# From here on any simulator in Python has the same lines.
given, answer = open(3, "rb"), open(4, "wb")
while line := given.readline():
    n, d = map(int, line.split())
    theta = np.frombuffer(given.read(8 * n * d)).reshape(n, d)
    seeds = np.frombuffer(given.read(8 * n), np.uint64)
    answer.write(simulate(theta, seeds).astype(np.float32).tobytes())
    answer.flush()
