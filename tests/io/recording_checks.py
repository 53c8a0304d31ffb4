"""recording_checks.py DUMP: writes recordings of every format, version, byte order and feature, and compares what DUMP
(recording_dump.c) reads of them with what they hold. Also whole files cut short, which have to be refused."""
import hashlib
import json
import os
import subprocess
import sys

import numpy as np

from recording_files import *

random = np.random.default_rng(1)
cases = []  # (line for DUMP, what is expected)


def case(label, files, sweeps=None, refused=None, columns="", interval="", voltage="", current="", units=""):
    """sweeps: dicts of what is expected of each; refused: a piece of the error."""
    files = [files] if isinstance(files, str) else files
    cases.append(("\t".join([columns, str(interval), voltage, current, units, *files]), label, sweeps, refused, files))


def sweep(voltage, current, **more):
    return dict(voltage=np.asarray(voltage, float), current=np.asarray(current, float), **more)


def raw(sweeps, samples, channels):
    return random.integers(-30000, 30000, (sweeps, samples, channels))


# --- ABF: channels told by unit, gains, offsets, telegraph, both number types, gap-free and episodic
V = channel("Imemb", "mV", scale=0.01, gain=2.0, programmable=5.0, additional=4.0, offset=0.5, signal_offset=-0.25)
I = channel("Vm", "nA", scale=0.5, programmable=2.0, offset=-0.125)


def scaled(x, c, floats=False, range_V=10.0, resolution=32768):
    return abf_values(x, c, range_V, resolution, floats) * {"mV": 1.0, "V": 1e3, "nA": 1e3, "pA": 1.0, "uV": 1e-3, "\xb5V": 1e-3}[c["unit"]]


def both(name, write, **options):
    """One file of each version, with the same content."""
    for kind, function in (("abf1", abf1), ("abf2", abf2)):
        path = "%s.%s" % (name, kind)
        write(function, path)
        yield kind, path


for floats in (False, True):
    x = raw(3, 40, 2) if not floats else random.normal(0, 50, (3, 40, 2))
    for kind, path in both("episodic%d" % floats, lambda f, p: f(p, x, [I, V], command(unit="mV"), floats=floats, interval=80.0,
                                                                starts=[0, 8000, 16000])):
        start = [0, 8000 * 0.04, 16000 * 0.04]  # in samples of both channels
        case(path, path, [sweep(scaled(x[s, :, 1], V, floats), scaled(x[s, :, 0], I, floats), kind=kind, name="sweep %d" % s,
                                current_source="measured: Vm", interval=0.08, start=start[s], warnings="")
                          for s in range(3)])
    x = x[:1]
    for kind, path in both("gap_free%d" % floats, lambda f, p: f(p, x, [V, I], command(), mode=3, floats=floats)):
        case(path, path, [sweep(scaled(x[0, :, 0], V, floats), scaled(x[0, :, 1], I, floats), interval=0.1, start=0)])
x = raw(2, 20, 1)
for kind, path in both("no_synch", lambda f, p: f(p, x, [V], command(), resolution=2048, range_V=5.0)):
    case(path, path, [sweep(scaled(x[s, :, 0], V, range_V=5.0, resolution=2048), np.zeros(20), start=2.0 * s, current_source="command")
                      for s in range(2)])
for kind, path in both("synch_unit", lambda f, p: f(p, x, [channel("in", "\xb5V")], command(), starts=[4, 12], unit=12.5)):
    case(path, path, [sweep(scaled(x[s, :, 0], channel("in", "\xb5V")), np.zeros(20), start=[0.05, 0.15][s]) for s in range(2)])
abf1("physical.abf1", raw_physical := raw(1, 20, 2), [V, I], command(), physical=[7, 3])
case("physical", "physical.abf1", [sweep(scaled(raw_physical[0, :, 0], V), scaled(raw_physical[0, :, 1], I), current_source="measured: Vm")])
abf2("grown.abf2", raw_physical, [V, I], command(), grow=34)
case("grown", "grown.abf2", [sweep(scaled(raw_physical[0, :, 0], V), scaled(raw_physical[0, :, 1], I), name="sweep 0")])
abf1("old.abf1", x[:1], [channel("V", "mV", additional=3.0)], command(), header=2048, version=1.3)
case("old", "old.abf1", [sweep(scaled(x[0, :, 0], channel("V", "mV")), [], lacks="before 1.6")])

# two channels in volts
x = raw(1, 20, 3)
three = [channel("stim", "V"), channel("Vm", "mV"), I]
for kind, path in both("several", lambda f, p: f(p, x, three, command())):
    case(path, path, [sweep(scaled(x[0, :, 0], three[0]), scaled(x[0, :, 2], I), warnings="several channels in volts: stim in V, Vm in mV; the first is taken")])
    for wanted in ("Vm", "1"):
        case(path + wanted, path, [sweep(scaled(x[0, :, 1], three[1]), scaled(x[0, :, 2], I), warnings="")], voltage=wanted)
    case(path + "command", path, [sweep(scaled(x[0, :, 0], three[0]), np.zeros(20), current_source="command")], current="command")
    case(path + "bad", path, refused="no channel Im in amperes", current="Im")

# --- the command
N = 640


def expected_command(epochs, s, holding, last_held, pulses=True):
    def last(k):
        level = holding
        for kind, level0, step, *_ in epochs:
            level = level if kind == 0 else level0 + k * step
        return level
    before = last(s - 1) if last_held and s > 0 else holding
    y = [before] * (N // 64)
    level = before
    for kind, level0, step, length, length_step, *rest in epochs:
        if kind == 0:
            continue
        new, n = level0 + s * step, length + s * length_step
        if kind == 1:
            y += [new] * n
        elif kind == 2:
            y += list(np.linspace(level, new, n))
        else:
            period, width = rest
            pulse = [new] * width + [level] * (period - width)
            y += (pulse * (n // period + 1))[:n]
        level = new
    return np.array((y + [level if last_held else holding] * N)[:N], float)


steps = [(1, 0.0, 0.0, 100, 0), (0, 9.0, 9.0, 50, 0), (1, -100.0, 50.0, 200, 20), (2, 30.0, -10.0, 101, -3)]
pulses = [(1, 20.0, 0.0, 50, 0, 0, 0), (3, 100.0, 25.0, 245, 2, 40, 10), (1, 5.0, 0.0, 30, 0, 0, 0)]
x = raw(4, N, 1)
for held in (0, 1):
    for unit, factor in (("pA", 1.0), ("nA", 1e3)):
        for kind, path in both("steps%d%s" % (held, unit), lambda f, p: f(p, x, [V], command(unit=unit, holding=-15.0, last_held=held, epochs=steps),
                                                                          dac=1)):
            case(path, path, [sweep(scaled(x[s, :, 0], V), factor * expected_command(steps, s, -15.0, held), current_source="command")
                              for s in range(4)])
    abf2("pulses%d.abf2" % held, x, [V], command(holding=1.0, last_held=held, epochs=pulses))
    case("pulses%d" % held, "pulses%d.abf2" % held, [sweep(scaled(x[s, :, 0], V), expected_command(pulses, s, 1.0, held)) for s in range(4)])
for kind, path in both("off", lambda f, p: f(p, x, [V], command(holding=40.0, on=0, epochs=steps))):
    case(path, path, [sweep(scaled(x[s, :, 0], V), np.full(N, 40.0)) for s in range(4)])
for kind, path in both("nothing", lambda f, p: f(p, x, [V], command(holding=-7.0, source=0, epochs=steps))):
    case(path, path, [sweep(scaled(x[s, :, 0], V), np.full(N, -7.0)) for s in range(4)])
# several outputs: the active one, another that is named, or the only one with a waveform in amperes
second = [(1, 7.0, 0.0, 300, 0)]
first_level, second_level = (lambda s: expected_command(steps, s, -15.0, 0)), (lambda s: expected_command(second, s, 2.0, 0))
active = dict(holding=-15.0, epochs=steps)
for label, options, level, words in (
        ("both", {}, first_level, "output 0, the active one; output 1 has a waveform in amperes, too: --current command:1 takes it"),
        ("active_off", dict(on=0), second_level, "output 1, the only one with a waveform in amperes; the active output is 0"),
        ("active_volts", dict(unit="mV"), second_level, "output 1, the only one with a waveform in amperes; the active output is 0")):
    for kind, path in both("outputs_" + label, lambda f, p: f(p, x, [V], command(**{**active, **options}),
                                                              others=[(1, command(holding=2.0, epochs=second))])):
        expected = lambda level, words: [sweep(scaled(x[s, :, 0], V), level(s), warnings=words,
                                               current_source="command" if level is first_level else "command of output 1") for s in range(4)]
        case(path, path, expected(level, words))
        case(path + " 1", path, expected(second_level, ""), current="command:1")
        case(path + " 9", path, refused="command:9: there is no such output", current="command:9")
        if label == "active_volts":
            case(path + " 0", path, refused="command:0: that output is not in amperes", current="command:0")
for kind, path in both("outputs_named", lambda f, p: f(p, np.repeat(x, 2, 2), [V, channel("command_in", "pA")], command(**active))):
    case(path, path, [sweep(scaled(x[s, :, 0], V), scaled(x[s, :, 0], channel("", "pA")), current_source="measured: command_in") for s in range(4)],
         current="command_in")
    case(path + " typed", path, refused="no channel command1 in amperes", current="command1")
idle = [(0, 9.0, 9.0, 50, 0)]
for kind, path in both("outputs_empty", lambda f, p: f(p, x, [V], command(holding=-15.0, epochs=idle), others=[(1, command(holding=2.0, epochs=second))])):
    case(path, path, [sweep(scaled(x[s, :, 0], V), second_level(s), current_source="command of output 1", warnings="the only one") for s in range(4)])
for kind, path in both("outputs_other_empty", lambda f, p: f(p, x, [V], command(**active), others=[(1, command(epochs=idle))])):
    case(path, path, [sweep(scaled(x[s, :, 0], V), first_level(s), current_source="command", warnings="") for s in range(4)])
abf2("outputs_three.abf2", x, [V], command(unit="mV"), others=[(1, command(epochs=second)), (2, command(epochs=steps))])
case("outputs_three", "outputs_three.abf2", [sweep(scaled(x[s, :, 0], V), [], warnings="", lacks="the command is in 'mV'; --current command:1 takes that of "
                                                   "output 1") for s in range(4)])
for kind, path in both("outputs_file", lambda f, p: f(p, x, [V], command(source=2, file=b"a.atf"), others=[(1, command(epochs=second))])):
    case(path, path, [sweep(scaled(x[s, :, 0], V), [], lacks="'a.atf', which is needed; --current command:1") for s in range(4)])
for kind, path in both("outputs_idle", lambda f, p: f(p, x, [V], command(**active), others=[(1, command(on=0)), (2, command(unit="V"))][:2 if f is abf2 else 1])):
    case(path, path, [sweep(scaled(x[s, :, 0], V), first_level(s), warnings="") for s in range(4)])
for kind, path in both("file", lambda f, p: f(p, x, [V], command(source=2, file=b"C:\\noise.atf"))):
    case(path, path, [sweep(scaled(x[s, :, 0], V), [], lacks="C:\\noise.atf") for s in range(4)])
for kind, path in both("cosine", lambda f, p: f(p, x, [V], command(epochs=[(5, 1.0, 0.0, 100, 0)]))):
    case(path, path, [sweep(scaled(x[s, :, 0], V), [], lacks="epoch 0 of the command is of type 5") for s in range(4)])
abf1("pulse.abf1", x, [V], command(epochs=[(3, 1.0, 0.0, 100, 0)]))
case("pulse", "pulse.abf1", [sweep(scaled(x[s, :, 0], V), [], lacks="without a period") for s in range(4)])
for on in (0, 1):  # a list in use changes epochs from sweep to sweep
    for kind, path in both("list%d" % on, lambda f, p: f(p, x, [V], command(epochs=steps, user_list=on), dac=1)):
        case(path, path, [sweep(scaled(x[s, :, 0], V), [] if on else expected_command(steps, s, 0.0, 0),
                                lacks="a user list varies its epochs" if on else "") for s in range(4)])
    for kind, path in both("list_off%d" % on, lambda f, p: f(p, x, [V], command(holding=7.0, on=0, epochs=steps, user_list=on))):
        case(path, path, [sweep(scaled(x[s, :, 0], V), np.full(N, 7.0)) for s in range(4)])
for kind, path in both("no_choice", lambda f, p: f(p, x, [V], command(epochs=steps))):
    for option, value in (("columns", "voltage_mV=a,current_pA=b"), ("units", "mV")):
        case(path + option, path, refused="--%s %s: " % (option, value), **{option: value})
for kind, path in both("volts_command", lambda f, p: f(p, x, [V], command(unit="mV", epochs=steps))):
    case(path, path, [sweep(scaled(x[s, :, 0], V), [], lacks="the command is in 'mV'") for s in range(4)])

# refusals
for mode in (1, 2, 4):
    for kind, path in both("mode%d" % mode, lambda f, p: f(p, x, [V], command(), mode=mode)):
        case(path, path, refused="acquisition mode %d" % mode)
for kind, path in both("clamp", lambda f, p: f(p, x, [channel("IN 1", "pA")], command(unit="mV"))):
    case(path, path, refused="no channel in volts (IN 1 in pA)")
for kind, path in both("lengths", lambda f, p: f(p, x, [V], command(), starts=[0, 700, 1400, 2100], lengths=[640, 640, 320, 640])):
    case(path, path, refused="sweeps of different lengths")
for kind, path in both("gainless", lambda f, p: f(p, x, [channel("V", "mV", gain=0.0)], command())):
    case(path, path, [dict(damaged="sample 0 of the potential is not a number") for s in range(4)])

for kind, path in both("ampere", lambda f, p: f(p, x, [channel("IN 1", "pA")], command(unit="mV"))):
    case(path + "pair", [path, "volts_command.abf1"], [sweep(scaled(x[s, :, 0], V), scaled(x[s, :, 0], channel("IN 1", "pA")), lacks="",
                                                              current_source="measured: IN 1") for s in range(4)])
    case(path + "interval", [path, "volts_command.abf1"], [sweep(scaled(x[s, :, 0], V), scaled(x[s, :, 0], channel("IN 1", "pA")), interval=0.2)
                                                           for s in range(4)], interval=0.2)
for kind, path in both("unitless", lambda f, p: f(p, raw_physical, [channel("a", ""), channel("b", "")], command(unit=""))):
    case(path, path, refused="no channel in volts (a without a unit, b without a unit)")
    case(path + "units", path, [sweep(scaled(raw_physical[0, :, 1], channel("b", "mV")), scaled(raw_physical[0, :, 0], channel("a", "nA")))],
         units="nA,mV")

# --- Igor waves
y, z = np.round(random.normal(-60, 10, 30)), np.round(random.normal(0, 30, 30))
for version in (2, 5):
    for order in "<>":
        for kind in IGOR:
            v, i = (np.abs(y), np.abs(z)) if kind >= 64 else (y, z)
            path = "wave%d%s%d" % (version, "l" if order == "<" else "b", kind)
            igor(path + "v", v, b"Ipatch", b"mV", version, order, kind, step=2e-4, start=0.5, note=b"junction", formula=b"x" * 5 * (version == 5))
            igor(path + "i", i, b"V", b"pA", version, order, kind, step=2e-4, start=0.5)
            case(path, [path + "i", path + "v"], [sweep(v, i, kind="ibw%d" % version, name="Ipatch", current_source="measured: V", interval=0.2,
                                                        start=500, warnings="", source=path + "v")])
igor("v1", y, b"one", b"V", kind=4)
igor("v2", 2 * y, b"two", b"V", kind=4, x_unit=b"ms", step=0.1)
igor("i1", z, b"c1", b"A", kind=4)
igor("i2", 2 * z, b"c2", b"A", kind=4)
case("order given", ["v1", "v2", "i1", "i2"], [sweep(1e3 * y, 1e12 * z, name="one", current_source="measured: c1"),
                                                sweep(2e3 * y, 2e12 * z, name="two", current_source="measured: c2", interval=0.1)])
igor("late_i", z, b"c", b"A", start=0.01)
case("another start", ["v1", "late_i"], [sweep(1e3 * y, 1e12 * z, warnings="begins at 0 ms and its current of late_i at 10 ms")])
for option, value, words in (("voltage", "one", "--voltage one: files of this format offer no such choice"), ("current", "0", "--current 0: files"),
                             ("columns", "a,b", "--columns a,b: files"), ("units", "mV,pA", "of which there are 0")):
    case("no choice of " + option, ["v1", "i1"], refused=words, **{option: value})
case("alone", "v1", [sweep(1e3 * y, [], lacks="give the wave of the current too")])
case("odd number", ["v1", "v2", "i1"], refused="2 potentials without a current and 1 current without a potential")
igor("short", z[:-1], b"c", b"A")
case("other length", ["v1", "short"], refused="29 of")
igor("slow", z, b"c", b"A", step=2e-4)
case("other rate", ["v1", "slow"], refused="they cannot be a pair")
igor("timeless", y, b"v", b"mV", x_unit=b"", wrong_sum=True, version=2)
igor("timeless_i", z, b"i", b"pA", x_unit=b"", version=2)
case("no x unit", ["timeless", "timeless_i"], [sweep(y, z, warnings="x scale without a unit: seconds assumed\nthe wave's checksum is wrong\n")])
igor("padded", np.r_[y, [np.nan] * 3], b"v", b"mV")
igor("padded_i", np.r_[z, 1, 2, 3], b"i", b"pA")
case("other unit", ["v1", "padded_i"], refused="they cannot be a pair")
igor("nan", np.r_[y, np.nan, y], b"v", b"mV")
igor("long_i", np.r_[z, 0, z], b"i", b"pA")
case("NaN within", ["nan", "long_i"], [sweep(np.r_[y, np.nan, y], np.r_[z, 0, z], damaged="sample 30 of the potential is not a number")])
igor("v3", 3 * y, b"three", b"V", kind=4)
case("one current twice", ["v1", "v3", "i1", "i1"], [sweep(1e3 * y, 1e12 * z, warnings=""), sweep(3e3 * y, 1e12 * z, warnings="")])
case("the same twice", ["v1", "i1", "v1", "i1"], [sweep(1e3 * y, 1e12 * z, warnings=""),
                                                 sweep(1e3 * y, 1e12 * z, warnings="the file's bytes are those of another one given")])
case("padded", ["padded"], [sweep(y, [], warnings="3 samples at the end are no numbers")])
for label, options, words in (("complex", dict(code=3), "complex"), ("text wave", dict(code=0), "text"), ("odd type", dict(code=6), "type 6"),
                              ("matrix", dict(dimensions=2), "several dimensions")):
    igor("bad", y, b"v", b"mV", **options)
    os.rename("bad", label)
    case(label, label, refused=words)
igor("unitless", y, b"v", b"")
case("unitless", "unitless", refused="neither a potential nor a current")
igor("unitless_i", z, b"i", b"")
case("more units", ["unitless", "i1"], refused="--units mV,pA: is for channels without a unit, of which there is 1", units="mV,pA")
case("units", ["unitless", "i1", "unitless_i", "v1"], [sweep(y, 1e12 * z), sweep(1e3 * y, z)], units="mV,pA")
case("current alone", "i1", refused="give the wave of the potential too")
igor("per_metre", y, b"v", b"mV", x_unit=b"m")
case("per_metre", "per_metre", refused="not in a unit of time")
case("per_metre, told", ["per_metre", "i1"], [sweep(y, 1e12 * z, interval=0.05, start=0, warnings="")], interval=0.05)
igor("no_start", y, b"v", b"mV", start=np.nan)
case("no start of a wave", "no_start", refused="make no sense")
case("no start of a wave, told", ["no_start", "i1"], [sweep(y, 1e12 * z, interval=0.05, start=0, warnings="")], interval=0.05)

# --- NWB
v, i = random.normal(-60, 10, (3, 50)), random.normal(0, 50, (3, 50))
R, S = "CurrentClampSeries", "CurrentClampStimulusSeries"
for fixed in (False, True):
    path = "numbers%d.nwb" % fixed
    with nwb(path, fixed=fixed) as f:
        for k in range(3):
            series(f, "acquisition/a%d" % k, R, np.round(v[k] * 100).astype("i2"), "volts", conversion=1e-5, offset=0.002, rate=20000.0, start=0.5,
                   fixed=fixed, attributes={"sweep_number": 12 - k}, compression="gzip", chunks=(7,))
            series(f, "stimulus/presentation/b%d" % k, S, i[k] * 1e-12, "amperes", rate=20000.0, start=0.5, fixed=fixed,
                   attributes={"sweep_number": 12 - k})
        series(f, "acquisition/spikes", "TimeSeries", [1.0, 2.0], "volts", rate=1.0)
        series(f, "acquisition/clamp", "VoltageClampSeries", [1.0, 2.0], "amperes", rate=1.0)
    case(path, path, [sweep(np.round(v[k] * 100) * 1e-2 + 2, i[k], kind="nwb", name="a%d" % k, current_source="stimulus: b%d" % k, interval=0.05,
                            start=500, warnings="") for k in (2, 1, 0)])
for index in ("u1", "i8"):
    path = "table_%s.nwb" % index
    with nwb(path) as f:
        for k in range(3):
            series(f, "acquisition/s%d" % k, R, v[k], "millivolts", rate=1e4)
            series(f, "stimulus/presentation/s%d" % (2 - k), S, i[k], "pA", rate=1e4)
        sweep_table(f, [(10, ["acquisition/s0", "stimulus/presentation/s2"]), (9, ["stimulus/presentation/s1"]), (8, ["acquisition/s2"]),
                        (8, ["stimulus/presentation/s0"]), (9, ["acquisition/s1"])], index)
    case(path, path, [sweep(v[k], i[k], name="s%d" % k, current_source="stimulus: s%d" % (2 - k)) for k in (2, 1, 0)])
with nwb("rows.nwb", "2.4.0") as f:
    for k in range(2):
        series(f, "acquisition/r__%d" % k, R, v[k], "mV", timestamps=7.0 + np.arange(50) * 1e-4,
               attributes={"comments": "Estimated junction potential: -15.2 mV"})
        series(f, "stimulus/presentation/s__%d" % k, S, i[k], "pA", rate=1e4, scalars={"bias_current": 0.0})
    series(f, "acquisition/c", "VoltageClampSeries", v[0], "pA", rate=1e4)
    recordings_table(f, [("acquisition/r__1", 10, 20, "stimulus/presentation/s__0", 5, 20), (None, -1, -1, "stimulus/presentation/s__0", 0, 50),
                         ("acquisition/c", 0, 50, "stimulus/presentation/s__0", 0, 50), ("acquisition/r__0", 0, 50, None, -1, -1)])
case("rows", "rows.nwb", [sweep(v[1, 10:30], i[0, 5:25], name="r__1", current_source="stimulus: s__0", start=7001.0, interval=0.1,
                                warnings="junction potential: -15.2 mV"), sweep(v[0], [], name="r__0", lacks="no stimulus")])
with nwb("names.nwb") as f:
    for k in range(3):
        series(f, "acquisition/step_%d" % (9 + k), R, v[k], "V", rate=1e4,
               scalars={"bridge_balance": 12e6, "bias_current": 20e-12} if k == 0 else {})
        series(f, "stimulus/presentation/current%d" % (11 - k), S, i[2 - k], "pA", rate=1e4)
case("names", "names.nwb", [sweep(1e3 * v[k], i[k], name="step_%d" % (9 + k), bridge=12.0 * (k == 0),
                                  warnings="numbers their names end with" if k else "bias current of 20 pA") for k in range(3)])
# which stimulus belongs to which response: never by order
def electrode(g, name):
    g["electrode"] = h5py.SoftLink("/general/intracellular_ephys/" + name)


with nwb("electrodes.nwb") as f:
    for name in "ABC":
        f.create_group("general/intracellular_ephys/" + name)
    for k, (response, stimulus, name) in enumerate((("r1", "s3", "A"), ("r2", "s2", "B"), ("r3", None, "C"))):
        electrode(series(f, "acquisition/" + response, R, v[k], "mV", rate=1e4, attributes={"sweep_number": 5}), name)
        if stimulus:
            electrode(series(f, "stimulus/presentation/" + stimulus, S, i[k], "pA", rate=1e4, attributes={"sweep_number": 5}), name)
case("electrodes", "electrodes.nwb", [sweep(v[0], i[0], name="r1", current_source="stimulus: s3", warnings=""),
                                      sweep(v[1], i[1], name="r2", current_source="stimulus: s2"), sweep(v[2], [], lacks="no stimulus for")])
for label, end, words in (("same numbers", "_1", "which of 2 stimuli of its number"), ("no numbers", "_x", "which of 2 stimuli without a number")):
    with nwb(label + ".nwb") as f:
        for k, (response, stimulus) in enumerate((("a", "z"), ("b", "y"))):
            series(f, "acquisition/" + response + end, R, v[k], "mV", rate=1e4)
            series(f, "stimulus/presentation/" + stimulus + end, S, i[k], "pA", rate=1e4)
    case(label, label + ".nwb", [sweep(v[k], [], lacks=words) for k in range(2)])
with nwb("the only.nwb") as f:
    series(f, "acquisition/response", R, v[0][:, None], "mV", rate=1e4, scalars={"bias_current": np.nan})  # a column of one channel
    series(f, "stimulus/presentation/current", S, i[0], "pA", rate=1e4)
case("the only ones", "the only.nwb", [sweep(v[0], i[0], warnings="the only ones were paired")])
for label, ends in (("another electrode", "AB"), ("the same electrode", "AA"), ("one electrode", ("A", None)), ("one electrode too", (None, "A"))):
    with nwb(label + ".nwb") as f:
        for (path, kind, data, unit), name in zip((("acquisition/a1", R, v[0], "mV"), ("stimulus/presentation/a1", S, i[0], "pA")), ends):
            f.require_group("general/intracellular_ephys/%s" % name)
            g = series(f, path, kind, data, unit, rate=1e4, attributes={"sweep_number": 1})
            if name:
                electrode(g, name)
    case(label, label + ".nwb", [sweep(v[0], i[0], warnings="") if ends != "AB" else sweep(v[0], [], lacks="no stimulus for acquisition/a1: those of its number are of other electrodes")])
# the electrodes of linked series are those of their files, which may be at the same addresses
for letter in "AB":
    with nwb("rig%s.nwb" % letter) as f:
        f.create_group("general/intracellular_ephys/E")
        for path, kind, data, unit in (("acquisition/r", R, v["AB".index(letter)], "mV"), ("stimulus/presentation/s", S, i["AB".index(letter)], "pA")):
            electrode(series(f, path, kind, data, unit, rate=1e4, attributes={"sweep_number": 1}), "E")
with nwb("rigs.nwb") as f:
    for letter in "AB":
        f["acquisition/r" + letter] = h5py.ExternalLink("rig%s.nwb" % letter, "/acquisition/r")
        f["stimulus/presentation/s" + letter] = h5py.ExternalLink("rig%s.nwb" % letter, "/stimulus/presentation/s")
case("electrodes of two files", "rigs.nwb", [sweep(v[k], i[k], name="r" + "AB"[k], current_source="stimulus: s" + "AB"[k], warnings="") for k in range(2)])

# links: to templates, to another file, to what is not there
with h5py.File("elsewhere.h5", "w") as f:
    f["v"] = v[0] / 1e3
    f["v"].attrs["unit"] = "volts"
for label, link, words in (("external", h5py.ExternalLink("elsewhere.h5", "/v"), None), ("lost file", h5py.ExternalLink("gone.h5", "/v"), "gone.h5"),
                           ("lost array", h5py.SoftLink("/stimulus/none"), "/stimulus/none")):
    with nwb(label + ".nwb") as f:
        g = series(f, "acquisition/a1", R, v[0], "mV", rate=1e4)
        del g["data"]
        g["data"] = link
        series(f, "stimulus/templates/t", S, i[0], "pA", rate=1e4)
        f["stimulus/presentation/a1"] = h5py.SoftLink("/stimulus/templates/t")
    if words is None:
        case(label, label + ".nwb", [sweep(v[0], i[0], current_source="stimulus: a1")])
    else:
        case(label, label + ".nwb", refused="acquisition/a1/data is a link to %s, which is missing or damaged" % words)
with nwb("lost stimulus.nwb") as f:
    series(f, "acquisition/a1", R, v[0], "mV", rate=1e4)
    f["stimulus/presentation/a1"] = h5py.ExternalLink("gone.nwb", "/a1")
case("lost stimulus", "lost stimulus.nwb", [sweep(v[0], [], lacks="stimulus/presentation/a1 is a link to gone.nwb, which is not there")])
with nwb("lost response.nwb") as f:
    f["acquisition/a1"] = h5py.ExternalLink("gone.nwb", "/a1")
case("lost response", "lost response.nwb", refused="acquisition/a1 is a link to gone.nwb, which is not there")
lost = "acquisition/a1 is a link to gone.nwb, which is not there"
with nwb("lost among.nwb") as f:
    for k in (1, 3):
        f["acquisition/a%d" % k] = h5py.ExternalLink("gone.nwb", "/a1")
    series(f, "acquisition/a2", R, v[0], "mV", rate=1e4)
    series(f, "stimulus/presentation/a2", S, i[0], "pA", rate=1e4)
    series(f, "acquisition/a4", R, v[1], "mV", rate=1e4)
case("lost among others", "lost among.nwb", [sweep(v[0], i[0], warnings=lost + ", nor is what 1 more of acquisition leads to"),
                                             sweep(v[1], [], lacks="the file has no stimulus for acquisition/a4", warnings=lost)])
with nwb("lost in tables.nwb") as f:
    f["acquisition/a1"] = h5py.ExternalLink("gone.nwb", "/a1")
    f["stimulus/presentation/b1"] = h5py.SoftLink("/nowhere")
    series(f, "acquisition/a2", R, v[0], "mV", rate=1e4)
    series(f, "stimulus/presentation/a2", S, i[0], "pA", rate=1e4)
    recordings_table(f, [("acquisition/a2", 0, 50, "stimulus/presentation/a2", 0, 50), ("acquisition/a2", 0, 50, None, -1, -1)])
case("lost in tables", "lost in tables.nwb", [
    sweep(v[0], i[0], warnings=lost + "\nstimulus/presentation/b1 is a link to /nowhere, which is not there\n"),
    sweep(v[0], [], lacks="the file has no stimulus for acquisition/a2; stimulus/presentation/b1 is a link to /nowhere, which is not there")])
with nwb("lost group.nwb") as f:
    del f["acquisition"]
    f["acquisition"] = h5py.ExternalLink("gone.nwb", "/acquisition")
case("lost group", "lost group.nwb", refused="acquisition is a link to gone.nwb, which is not there")
for option, value in (("voltage", "a1"), ("current", "a1"), ("columns", "voltage_mV=a1,current_pA=a1"), ("units", "mV")):
    case("no choice of %s in NWB" % option, "the only.nwb", refused="--%s %s: " % (option, value), **{option: value})
with nwb("shown.nwb") as f:  # what a terminal would obey, what is no UTF-8, letters that are cut
    series(f, "acquisition/a\x1b[2J\n1", R, v[0], "mV", rate=1e4, attributes={"comments": np.bytes_(b"junction \xe9 \x07\n" + 70 * "\u3042".encode())})
    series(f, "stimulus/presentation/\u03b11", S, i[0], "pA", rate=1e4)
case("what is shown", "shown.nwb", [sweep(v[0], i[0], name="a [2J 1", current_source="stimulus: \u03b11", warnings="'junction ?   " + 62 * "\u3042" + "?'")])
with nwb("clock.nwb") as f:  # seconds since 1970, which float64 rounds to 0.24 us
    series(f, "acquisition/a1", R, v[0], "mV", timestamps=1.6e9 + np.arange(50) * 5e-5)
    series(f, "stimulus/presentation/a1", S, i[0], "pA", timestamps=1.6e9 + np.arange(50) * 5e-5)
case("clock", "clock.nwb", refused="give --interval-ms")
case("clock, told", "clock.nwb", [sweep(v[0], i[0], interval=0.05, start=1.6e12)], interval=0.05)
# the user's word for the time between samples: the file's are not looked at, but where it begins
jumbled = np.where(np.arange(50) % 7 == 3, np.nan, np.arange(50.0) ** 2)
for label, start, times in (("no times at all", 0, {}), ("jumbled times", 7000, dict(timestamps=7 + jumbled)), ("times that are none", 0, dict(timestamps=np.full(50, np.nan))),
                            ("times of others", 0, dict(timestamps=np.arange(9))), ("other rates", 7000, dict(rate=3.0, start=7.0)),
                            ("no start", 0, dict(rate=1e4, start=np.nan)), ("words for times", 0, dict(timestamps=["now"] * 50))):
    with nwb(label + ".nwb") as f:
        series(f, "acquisition/a1", R, v[0], "mV", **(times or dict(rate=1.0)))
        series(f, "stimulus/presentation/a1", S, i[0], "pA", rate=1e4, start=start / 1e3)
        if not times:
            del f["acquisition/a1/starting_time"]
        recordings_table(f, [("acquisition/a1", 10, 40, "stimulus/presentation/a1", 10, 40)])
    case(label, label + ".nwb", [sweep(v[0, 10:], i[0, 10:], interval=0.05, start=start + 0.5, warnings="")], interval=0.05)
case("no times at all, untold", "no times at all.nwb", refused="neither starting_time nor timestamps")
for label, words, change in (
        ("uneven", "sample 20 is at 2.001 ms, 0.101 ms after", lambda f: series(f, "acquisition/a", R, v[0], "V", timestamps=np.arange(50) * 1e-4 + 1e-6 * (np.arange(50) == 20))),
        ("version 1", "NWB of version NWB-1.0.6", lambda f: f.attrs.__setitem__("nwb_version", "NWB-1.0.6")),
        ("no response", "no CurrentClampSeries", lambda f: series(f, "acquisition/a", "VoltageClampSeries", v[0], "A", rate=1e4)),
        ("in amperes", "cannot be given in mV", lambda f: series(f, "acquisition/a", R, v[0], "A", rate=1e4)),
        ("no rate", "make no sense", lambda f: series(f, "acquisition/a", R, v[0], "V", rate=0.0)),
        ("matrix", "shape (3, 50)", lambda f: series(f, "acquisition/a", R, v, "V", rate=1e4)),
        ("few timestamps", "49 timestamps", lambda f: series(f, "acquisition/a", R, v[0], "V", timestamps=np.arange(49) * 1e-4))):
    with nwb(label + ".nwb", "NWB-1.0.6" if label == "version 1" else "2.6.0") as f:
        change(f)
    case(label, label + ".nwb", refused=words)
with nwb("lengths.nwb") as f:
    series(f, "acquisition/a1", R, v[0], "V", rate=1e4)
    series(f, "stimulus/presentation/a1", S, i[0, :-1], "A", rate=1e4)
    series(f, "acquisition/a2", R, v[1], "V", rate=1e4)
    series(f, "stimulus/presentation/a2", S, np.r_[i[1, :-2], np.nan, 0], "A", rate=1e4)
    series(f, "acquisition/a3", R, v[2], "V", rate=1e4)
    series(f, "stimulus/presentation/a3", S, i[2], "A", rate=1e4)
case("lengths", "lengths.nwb", [sweep(1e3 * v[0], [], lacks="its stimulus stimulus/presentation/a1 has 49 of 0.1 ms: they cannot be a pair", damaged=""),
                                sweep(1e3 * v[1], 1e12 * np.r_[i[1, :-2], np.nan, 0], damaged="sample 48 of the current is not a number"),
                                sweep(1e3 * v[2], 1e12 * i[2], lacks="", damaged="")])
with nwb("left out.nwb") as f:
    for k in range(3):
        series(f, "acquisition/r%d" % k, R, v[k], "V", rate=1e4)
        series(f, "stimulus/presentation/r%d" % k, S, i[k], "A", rate=1e4)
    recordings_table(f, [("acquisition/r1", 0, 50, "stimulus/presentation/r1", 0, 50)])
case("left out", "left out.nwb", [sweep(1e3 * v[1], 1e12 * i[1], warnings="2 CurrentClampSeries that the table of recordings lacks are left out: "
                                        "acquisition/r0 and others")])
with nwb("left out by links.nwb") as f:
    for k in range(2):
        series(f, "acquisition/r%d" % k, R, v[k], "V", rate=1e4)
        series(f, "stimulus/presentation/r%d" % k, S, i[k], "A", rate=1e4)
    f["acquisition/again"] = h5py.SoftLink("/acquisition/r0")
    recordings_table(f, [("acquisition/r%d" % k, 0, 50, "stimulus/presentation/r%d" % k, 0, 50) for k in range(2)])
case("left out by links", "left out by links.nwb", [sweep(1e3 * v[k], 1e12 * i[k], warnings="") for k in range(2)])
with nwb("hidden.nwb") as f:
    series(f, "acquisition/Vm_1", R, v[0], "V", rate=1e4)
    series(f, "stimulus/presentation/Im_2", S, i[0], "A", rate=1e4)
    f["acquisition/Vm_2"] = h5py.ExternalLink("gone.nwb", "/v")
case("hidden by a link", "hidden.nwb", [sweep(1e3 * v[0], [], lacks="no stimulus for acquisition/Vm_1")])
with nwb("aborted.nwb") as f:
    for k in range(2):
        series(f, "acquisition/a%d" % k, R, v[k] if k else np.full(50, np.nan), "V", rate=1e4)
        series(f, "stimulus/presentation/a%d" % k, S, i[k], "A", rate=1e4)
case("aborted", "aborted.nwb", [dict(damaged="none of its samples is a number"), sweep(1e3 * v[1], 1e12 * i[1], damaged="")])
with nwb("other numbers.nwb") as f:
    series(f, "acquisition/Vm_1", R, v[0], "V", rate=1e4)
    series(f, "stimulus/presentation/Im_2", S, i[0], "A", rate=1e4)
case("other numbers", "other numbers.nwb", [sweep(1e3 * v[0], 1e12 * i[0], warnings="the only ones were paired")])
for label, first, count in (("beyond", 40, 20), ("before", -1, 20)):
    with nwb(label + ".nwb") as f:
        series(f, "acquisition/a", R, v[0], "V", rate=1e4)
        series(f, "stimulus/presentation/b", S, i[0], "A", rate=1e4)
        recordings_table(f, [("acquisition/a", first, count, "stimulus/presentation/b", 0, 20)])
    case(label, label + ".nwb", refused="are asked for")

# --- text and HDF5
t = np.arange(50)


def text(name, header, *columns, separator=",", format="%.9e", end="\n"):
    with open(name, "w", newline="") as f:
        f.write(header)
        for row in zip(*columns):
            f.write(separator.join(format % value for value in row) + end)


v0, i0 = v[0], i[0]
rounded = lambda x: np.array([float("%.9e" % value) for value in x])
plain = lambda **more: [sweep(rounded(v0), rounded(i0), kind="text", name="sweep 0", current_source="column", **more)]
text("names.csv", "time_ms,voltage_mV,current_pA\n", t * 0.02, v0, i0)
case("names", "names.csv", plain(interval=0.02, start=0, warnings=""))
text("brackets.csv", "# a comment\nt (s)\tI [nA]\tVm (V)\n", t * 2.5e-4 + 1, i0, v0, separator="\t", end="\r\n")
case("brackets", "brackets.csv", [sweep(1e3 * rounded(v0), 1e3 * rounded(i0), interval=0.25, start=1000)])
text("units.asc", '"s"\n"pA"\n"mV"\n', t * 2.5e-4, i0, v0, separator="\t", format="%s")
case("a unit a line", "units.asc", [sweep(v0, i0, interval=0.25)])
text("two_lines.txt", "time I V\nms pA mV\n", t * 0.1, i0, v0, separator="  ")
case("names and units", "two_lines.txt", plain(interval=0.1))
text("savetxt.txt", "# time_us voltage_mV current_pA\n", t * 50.0, v0, i0, separator=" ")
case("savetxt", "savetxt.txt", plain(interval=0.05))
text("numbers.txt", "", t * 1.0, i0, v0, separator="  ", format="%.16e", end="\r\n")
case("numbers", "numbers.txt", [sweep(v0, i0, interval=0.2, start=0)], columns="sample,current_pA,voltage_mV", interval=0.2)
case("no names", "numbers.txt", refused="name the columns with their units")
case("no interval", "numbers.txt", refused="--interval-ms", columns="sample,current_pA,voltage_mV")
case("columns", "numbers.txt", refused="has 3 columns where --columns has 2", columns="sample,current_pA", interval=0.2)
case("by name", "two_lines.txt", [sweep(rounded(i0), rounded(v0), interval=0.5)], columns="voltage_mV=I,current_pA=V", interval=0.5)
case("exchanged", "names.csv", [sweep(rounded(i0), rounded(v0), interval=0.02)], columns="voltage_mV=current_pA,current_pA=voltage_mV,time_ms=time_ms")
text("exponents.csv", "time_ms;voltage_mV;current_pA\n", t * 0.1, v0, i0, separator=";", format="%.9e")
with open("exponents.csv") as f:
    changed = f.read().replace("e+0", "e+00").replace("e-0", "e-00")
open("exponents.csv", "w").write(changed)
case("e+00n", "exponents.csv", plain(interval=0.1))
for label, header in (("interval", "Sampling interval (ms),0.2\nTime,Voltage (mV),Current (pA)\n"), ("sweep", "Sweep time (ms),800\nTime,Vm (mV),Im (pA)\n")):
    text("above_%s.csv" % label, header, t * 2e-4, v0, i0)  # units of what stands above the names are not those of columns
    case("above " + label, "above_%s.csv" % label, refused="has no column of times")
text("above.csv", "Cell,7,Stimulus 300 pA\nTime (ms),Vm (mV),Im\n", t * 0.1, v0, i0)
case("above the current", "above.csv", [sweep(rounded(v0), [], lacks="no column is in amperes")])
text("empty_row.csv", "Time (ms),Vm (mV),Im (pA)\n,,\n", t * 0.1, v0, i0)
case("an empty row", "empty_row.csv", plain(interval=0.1))
text("comment_units.txt", "# Cell_mV of a rat\nms\npA\nmV\n", t * 0.1, i0, v0, separator=" ")
case("a comment above units", "comment_units.txt", plain(interval=0.1))
text("units_first.txt", "ms pA mV\ntime I V\n", t * 0.1, i0, v0, separator=" ")
case("units and names", "units_first.txt", plain(interval=0.1))
text("filtered.csv", "frame_s,time_ms,vm_mV,vfilt_mV,im_pA\n", t, t * 0.1 + 500, i0, v0, i0)
case("two times", "filtered.csv", [sweep(rounded(i0), rounded(i0), interval=1000, warnings="several channels in seconds: frame_s in s, time_ms in ms; the first")])
case("named among others", "filtered.csv", plain(interval=0.1, start=500, warnings=""), columns="voltage_mV=vfilt_mV,time_ms=time_ms")
case("twice the same", "filtered.csv", refused="names column vm_mV twice", columns="voltage_mV=vm_mV,current_pA=vm_mV")
text("doubled.csv", "time_ms,Vm,Vm,current_pA\n", t * 0.1, v0, v0, i0)
case("two of a name", "doubled.csv", refused="has several columns Vm", columns="voltage_mV=Vm")
with open("wordy.csv", "w") as f:
    f.write("time_ms,voltage_mV,current_pA\n" + "".join("%s,%d,1\n" % ("" if k == 1 else "soon" if k == 2 else 7 + k, -60 + k) for k in range(5)))
case("times not looked at", "wordy.csv", [sweep(np.arange(-60, -55), np.ones(5), interval=0.2, start=7)], interval=0.2)
case("another begin", "filtered.csv", plain(interval=0.2, start=500, warnings=""), columns="voltage_mV=vfilt_mV,time_ms=time_ms", interval=0.2)
for rate in (48.0, 44.1, 25.6):  # in kHz: six decimals from 100 s on, whose steps no short number is
    late = np.round(1e5 + np.arange(2000) / rate, 6)
    text("late%g.csv" % rate, "time_ms,voltage_mV,current_pA\n", late, np.resize(v0, 2000), np.resize(i0, 2000), format="%.12g")
    case("late %g" % rate, "late%g.csv" % rate, [sweep(np.array([float("%.12g" % q) for q in np.resize(v0, 2000)]),
                                                        np.array([float("%.12g" % q) for q in np.resize(i0, 2000)]), interval=(late[-1] - late[0]) / 1999,
                                                        start=1e5)])
text("float32.csv", "time_s,voltage_mV,current_pA\n", np.float32(t * 5e-5 + 3), v0, i0)
case("float32 times", "float32.csv", plain(interval=0.05))
text("two.csv", "time_ms,a_mV,b_mV,c_pA\n", t * 0.1, i0, v0, i0)
case("two potentials", "two.csv", [sweep(rounded(i0), rounded(i0), warnings="several channels in volts: a_mV in mV, b_mV in mV; the first is taken")])
case("the second", "two.csv", plain(interval=0.1, warnings=""), voltage="b_mV")
text("padded.csv", "time_ms,voltage_mV,current_pA\n", t * 0.1, np.where(t < 45, v0, np.nan), i0)
case("padded text", "padded.csv", [sweep(rounded(v0)[:45], rounded(i0)[:45], warnings="5 samples at the end")])
text("padded_all.csv", "time_ms,voltage_mV,current_pA\n", *(np.where(t < 45, x, np.nan) for x in (t * 0.1, v0, i0)))
case("padded times", "padded_all.csv", [sweep(rounded(v0)[:45], rounded(i0)[:45], interval=0.1, warnings="5 samples at the end")])
text("padded_numbers.csv", "sample,voltage_mV,current_pA\n", *(np.where(t < 45, x, np.nan) for x in (t, v0, i0)))
case("padded numbers", "padded_numbers.csv", [sweep(rounded(v0)[:45], rounded(i0)[:45], interval=0.5)], interval=0.5)
# names that are not those of all columns: row names of R, a percent sign, blanks within names, decimal commas in quotes
text("row_names.txt", '"time_ms" "voltage_mV" "current_pA"\n', t + 1, t * 0.1, v0, i0, separator=" ")
case("row names", "row_names.txt", refused="3 names for 4 columns: say what these are, --columns")
case("row names, told", "row_names.txt", plain(interval=0.1), columns="row,time_ms,voltage_mV,current_pA")
case("row names, by name", "row_names.txt", refused="3 names for 4 columns", columns="voltage_mV=voltage_mV,current_pA=current_pA", interval=0.1)
text("percent.txt", "% time_ms voltage_mV current_pA\n", t * 0.1, v0, i0, separator=" ")
case("percent", "percent.txt", refused="4 names for 3 columns")
text("blanks.txt", "V (mV) I (pA)\n", v0, i0, separator=" ")
case("blanks", "blanks.txt", refused="4 names for 2 columns", interval=0.1)
with open("quoted.csv", "w") as f:
    f.write('"time_ms","voltage_mV","current_pA"\n' + "".join('"0,%d","-65,5","1,0"\n' % k for k in range(9)))
case("quoted", "quoted.csv", refused="3 names for 6 columns", interval=0.1)
for label, header, end in (("index", ",time_ms,voltage_mV,current_pA\n", "\n"), ("separator", "n,time_ms,voltage_mV,current_pA\n", ",\n"),
                           ("both", "n,time_ms,voltage_mV,current_pA,\n", ",\n"), ("title", "My recording\nn,time_ms,voltage_mV,current_pA\n", "\n"),
                           ("remark", "n,time_ms,voltage_mV,current_pA,remark\n", ",\n")):
    text(label + ".csv", header, t, t * 0.1, v0, i0, end=end)
    case(label, label + ".csv", plain(interval=0.1))
text("commented.txt", "# by me, at 10 kHz, of a cell\n", t * 0.1, v0, i0, separator=" ")
case("a comment", "commented.txt", refused="no column is known to be in volts")
case("a comment, told", "commented.txt", plain(interval=0.1), columns="time_ms,voltage_mV,current_pA")
text("v.csv", "time_ms,voltage_mV\n", t * 0.1, v0)
text("i.csv", "time_ms,current_pA\n", t * 0.1, i0)
case("two texts", ["v.csv", "i.csv"], plain(interval=0.1))
case("no current", "v.csv", [sweep(rounded(v0), [], lacks="no column is in amperes")])
text("lost.csv", "time_ms,voltage_mV,current_pA\n", t * 0.1 + 0.1 * (t > 20), v0, i0)
case("a lost sample", "lost.csv", refused="sample 21 is at 2.2 ms, 0.2 ms after the one before, where others are 0.1 ms apart; if the steps are even")
text("repeated.csv", "time_ms,voltage_mV,current_pA\n", (t - (t > 40)) * 0.1, v0, i0)
case("a time twice", "repeated.csv", refused="sample 41 is at 4 ms, 0 ms after")
text("drift.csv", "time_ms,voltage_mV,current_pA\n", t * 0.1 + 1e-4 * t**2, v0, i0)
case("drift", "drift.csv", refused="ms after the first where even steps")
text("backwards.csv", "time_ms,voltage_mV,current_pA\n", -0.1 * t, v0, i0)
case("backwards", "backwards.csv", refused="do not increase")
for replaced, words in ((t == 30, "the time of sample 30 is not a number"), (t >= 45, "the time of sample 45 is")):
    text("timeless%d.csv" % sum(replaced), "time_ms,voltage_mV,current_pA\n", np.where(replaced, np.nan, t * 0.1), v0, i0)
    case(words, "timeless%d.csv" % sum(replaced), refused=words)
text("gap.csv", "sample,voltage_mV,current_pA\n", t + (t > 20), v0, i0)
case("a lost number", "gap.csv", refused="sample number 22 follows 20", interval=0.1)
text("jitter.csv", "time_ms,voltage_mV,current_pA\n", t * 0.1 + 0.009 * (t == 20), v0, i0)
case("a tenth", "jitter.csv", plain(interval=0.1))
text("words.csv", "time_ms,voltage_mV,current_pA\n1,2,x\n", t * 0.1, v0, i0)
case("a word", "words.csv", refused="words.csv:2: 'x' is not a number")
text("gap in a row.csv", "time_ms,voltage_mV,current_pA\n1,2,\n", t * 0.1, v0, i0)
case("a gap in a row", "gap in a row.csv", refused="gap in a row.csv:2: a number is missing in column 3")
text("axon.atf", 'ATF\t1.0\n2\t3\n"a=1"\n"b="\n"Time (s)"\t"Vm (mV)"\t"Im (pA)"\n', t * 1e-4, v0, i0, separator="\t", end="\r\n")
case("ATF", "axon.atf", refused="is an Axon text file: delete the lines before")
open("empty", "w").close()
case("empty", "empty", refused="is empty")
open("header", "w").write("time_ms,voltage_mV\n")
case("header alone", "header", refused="holds no numbers")
with h5py.File("root.h5", "w", userblock_size=512) as f:
    f["t_ms"], f["Vm"], f["Im_nA"] = t * 0.1, np.float32(v0 / 1e3), i0
    f["Vm"].attrs["units"] = "volts"
    f["deep/v"], f["deep/i"], f["deep/t"] = v0, np.r_[i0[:40], [np.nan] * 10], 700.0 + np.arange(3)
case("HDF5", "root.h5", [sweep(np.float32(v0 / 1e3).astype(float) * 1e3, 1e3 * i0, kind="hdf5", current_source="column", interval=0.1)])
case("paths", "root.h5", [sweep(v0[:40], 1e3 * i0[:40], interval=0.25, warnings="10 samples at the end")],
     columns="voltage_mV=/deep/v,current_nA=deep/i", interval=0.25)
case("a begin", "root.h5", [sweep(v0[:40], 1e3 * i0[:40], interval=0.25, start=700)],
     columns="voltage_mV=/deep/v,current_nA=deep/i,time_ms=/deep/t", interval=0.25)
case("no such times", "root.h5", refused="has no array nothere", columns="voltage_mV=/deep/v,current_nA=deep/i,time_ms=/nothere", interval=0.25)
with h5py.File("begins.h5", "w") as f:
    f["time_s"], f["voltage_mV"], f["current_pA"] = t * 1e-4 + 0.5, v0, i0
case("another interval", "begins.h5", [sweep(v0, i0, interval=0.2, start=500, warnings="")], interval=0.2)
case("no path", "root.h5", refused="has no array none", columns="voltage_mV=/none,current_nA=deep/i", interval=0.25)
case("no interval", "root.h5", refused="--interval-ms", columns="voltage_mV=/deep/v,current_nA=deep/i")

with h5py.File("around.h5", "w") as f:  # what lies around traces is none
    f["a_holding"], f["b_numbers"], f["time_ms"], f["voltage_mV"], f["current_nA"] = -70.0, np.arange(3.0), t * 0.1, v0, i0
    f["note"], f["nothing"], f["type"] = "text", h5py.Empty("f8"), np.dtype("f8")
    f["a_holding"].attrs["units"], f["b_numbers"].attrs["units"], f["voltage_mV"].attrs["units"], f["current_nA"].attrs["unit"] = "mV", 5.0, "", " "
case("around traces", "around.h5", [sweep(v0, 1e3 * i0, interval=0.1, warnings="")])
with h5py.File("empty arrays.h5", "w") as f:  # nor is what holds nothing
    f["a_mV"], f["b_mV"], f["time_ms"], f["voltage_mV"], f["current_pA"] = np.zeros(0), np.zeros((0, 3)), t * 0.1, v0, i0
case("empty arrays", "empty arrays.h5", [sweep(v0, i0, interval=0.1, warnings="")])
with h5py.File("linked.h5", "w") as f:
    f["time_ms"], f["v"], f["current_pA"] = t * 0.1, h5py.ExternalLink("elsewhere.h5", "/v"), i0
case("a linked array", "linked.h5", [sweep(v[0], i0, interval=0.1)])
with h5py.File("virtual.h5", "w") as f:
    layout = h5py.VirtualLayout(shape=(50,), dtype="f8")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "v", shape=(50,))
    f.create_virtual_dataset("voltage_mV", layout)
    f["time_ms"], f["current_pA"] = t * 0.1, i0
case("a virtual array", "virtual.h5", refused="voltage_mV of shape (50) is virtual")
with h5py.File("unlinked.h5", "w") as f:
    f["time_ms"], f["voltage_mV"], f["i"] = t * 0.1, v0, h5py.ExternalLink("gone.h5", "/i")
case("a lost array", "unlinked.h5", refused="i is a link to gone.h5, which is not there")
with h5py.File("unscaled.h5", "w") as f:
    f["time_ms"], f["voltage_mV"], f["current_pA"] = t * 0.1, v0, i0
    f["voltage_mV"].attrs["scale_factor"] = np.nan
case("a scale that is no number", "unscaled.h5", refused="unscaled.h5: voltage_mV: attribute scale_factor")

# --- files cut short, and with bytes changed: refused, or read; never a crash
whole = [c[4] for c in cases if c[2] is not None and len(c[4]) == 1]
for files in {f[0]: f for f in whole}.values():
    with open(files[0], "rb") as f:
        data = f.read()
    for k, size in enumerate((0, 1, 3, 100, len(data) // 2, len(data) - 1)):
        path = "%s.cut%d" % (files[0], k)
        with open(path, "wb") as f:
            f.write(data[:size])
        cases.append(("\t".join([""] * 5 + [path]), path, None, None, [path]))


def same(found, wanted):
    return len(found) == len(wanted) and np.allclose(found, wanted, rtol=1e-9, atol=1e-9, equal_nan=True)


def check(answer, label, sweeps, refused, files):
    if sweeps is None:
        text = answer["error"]
        assert (answer["status"] != 0) == (text != ""), "a status without a sentence"
        if refused is not None:
            assert refused in text, "'%s' expected, got: '%s'" % (refused, text)
        return
    assert answer["status"] == 0, answer["error"]
    assert len(answer["sweeps"]) == len(sweeps), "%d sweeps" % len(answer["sweeps"])
    for found, wanted in zip(answer["sweeps"], sweeps):
        for key, value in wanted.items():
            if key in ("voltage", "current", "interval", "start", "bridge"):
                assert same(np.atleast_1d(found[key]), np.atleast_1d(value)), "%s: %s, not %s" % (key, str(found[key])[:200], str(value)[:200])
            elif key in ("lacks", "warnings", "damaged") and value:
                assert value in found[key], "%s: %s" % (key, found[key])
            else:
                assert found[key] == value, "%s: '%s', not '%s'" % (key, found[key], value)
        with open(found["source"], "rb") as f:
            assert found["sha256"] == hashlib.sha256(f.read()).hexdigest(), "sha256"


run = subprocess.run([sys.argv[1]], input="".join(c[0] + "\n" for c in cases), capture_output=True, text=True)
answers = run.stdout.splitlines()
bad = 0
for (_, label, *expected), line in zip(cases, answers):
    try:
        check(json.loads(line), label, *expected)
    except AssertionError as e:
        print("%s: %s" % (label, e))
        bad += 1
if run.returncode != 0 or len(answers) != len(cases):
    print("%s ended with %d after %d of %d cases: %s" % (sys.argv[1], run.returncode, len(answers), len(cases), run.stderr))
    bad += 1
print("%d cases, %d wrong" % (len(cases), bad))
sys.exit(bad > 0)
