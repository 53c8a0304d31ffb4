"""recording_seeds.py FOLDER: small recordings for the fuzzing targets, FOLDER/abf, igor, text as they are, FOLDER/nwb to be changed."""
import os
import sys

from recording_files import *

for target in ("abf", "igor", "text", "nwb"):
    os.makedirs(os.path.join(sys.argv[1], target), exist_ok=True)
os.chdir(sys.argv[1])
ramp = np.arange(2 * 70 * 2).reshape(2, 70, 2)
two = [channel("Im", "pA"), channel("Vm", "mV", scale=0.01, additional=2.0)]
told = command(epochs=[(1, 5.0, 1.0, 20, 2, 0, 0), (2, 9.0, 0.0, 10, 0, 0, 0), (3, 9.0, 0.0, 20, 0, 5, 2)])
for floats in (False, True):
    abf2("abf/2%d" % floats, ramp, two, told, floats=floats, starts=[0, 200])
    abf2("abf/2command%d" % floats, ramp[:, :, 1:], two[1:], told, floats=floats)
    abf1("abf/1%d" % floats, ramp, two, command(), floats=floats, starts=[0, 200])
    abf1("abf/1command%d" % floats, ramp[:, :, 1:], two[1:], command(epochs=[(1, 5.0, 1.0, 20, 2), (2, 9.0, 0.0, 10, 0)]), floats=floats, mode=3)
for version in (2, 5):
    for order in "<>":
        for kind in IGOR:
            igor("igor/%d%s%d" % (version, "l" if order == "<" else "b", kind), np.arange(8), b"wave", b"mV", version, order, kind, note=b"note")
for name, content in (("names", "\0time_ms,voltage_mV,current_pA\n0,1,2\n0.1,2,3\n"), ("sample", "\1 1 2.0e+000 3\n 2 2.0 3\n"),
                      ("named", "\2t_ms Vm Im\n0 1 2\n0.1 2 3\n"), ("units", '\0"s"\n"pA"\n"mV"\n0\t1\t2\n0.00025\t2\t3\n'),
                      ("channels", "\3I (nA);V (mV);W (mV)\n1;2;3\n1;2;3\n")):
    with open("text/" + name, "w") as f:
        f.write(content)
R, S, x = "CurrentClampSeries", "CurrentClampStimulusSeries", np.arange(30.0)
a, b = "acquisition/a1", "stimulus/presentation/b1"
for name in ("numbers", "table", "rows", "names"):
    with nwb("nwb/" + name) as f:
        more = {"attributes": {"sweep_number": 1}} if name == "numbers" else {}
        series(f, a, R, x.astype("i2"), "volts", conversion=1e-3, offset=-0.06, timestamps=x * 1e-4, **more)
        series(f, b, S, x, "amperes", conversion=1e-12, rate=1e4, scalars={"bridge_balance": 0.0}, **more)
        if name == "table":
            sweep_table(f, [(1, [a]), (1, [b])])
        if name == "rows":
            recordings_table(f, [(a, 0, 30, b, 0, 30)])
with h5py.File("nwb/root", "w") as f:
    f["time_ms"], f["voltage"], f["current_pA"] = x / 10, x, x
    f["voltage"].attrs["units"] = "mV"
