"""A compartment with the channels of Hodgkin and Huxley (1952) in NEURON, one simulation after another: an
example of a program that simulates. It needs NEURON (pip install neuron numpy); neuron_hodgkin_huxley.cfg is a
study of it."""
import numpy as np
from neuron import h

h.load_file("stdrun.hoc")
T, STEP, LENGTH = 100, 0.5, 200  # ms, ms, samples: as the input file says
NOISE_NA, NOISE_MV = 0.05, 0.5  # of the current, anew every STEP, and of the measured voltage
soma = h.Section(name="soma")
soma.L = soma.diam = 20  # um
soma.insert("hh")
electrode = h.IClamp(soma(0.5))
electrode.delay, electrode.dur = 0, T
voltage = h.Vector().record(soma(0.5)._ref_v, STEP)
times = h.Vector(STEP * np.arange(LENGTH))
pulse = np.where((STEP * np.arange(LENGTH) >= 10) & (STEP * np.arange(LENGTH) < 90), 0.15, 0)  # nA


def simulate_one(theta, seed):
    """theta: conductances of sodium, potassium and leak in mS/cm2 -> voltage (LENGTH)"""
    random = np.random.default_rng(seed)
    soma(0.5).hh.gnabar, soma(0.5).hh.gkbar, soma(0.5).hh.gl = 1e-3 * theta
    current = h.Vector(pulse + random.normal(0, NOISE_NA, LENGTH))
    current.play(electrode._ref_amp, times, False)
    h.finitialize(-65)
    h.continuerun(T)
    return np.array(voltage)[:LENGTH] + random.normal(0, NOISE_MV, LENGTH)


def simulate(theta, seeds):
    """theta (n, 3), seeds (n) -> voltages (n, 1, LENGTH)"""
    return np.array([[simulate_one(*row)] for row in zip(theta, seeds)])


# From here on any simulator in Python has the same lines.
given, answer = open(3, "rb"), open(4, "wb")
while line := given.readline():
    n, d = map(int, line.split())
    theta = np.frombuffer(given.read(8 * n * d)).reshape(n, d)
    seeds = np.frombuffer(given.read(8 * n), np.uint64)
    answer.write(simulate(theta, seeds).astype(np.float32).tobytes())
    answer.flush()
