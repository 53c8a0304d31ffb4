"""Writes recordings of every format, for recording_checks.py, field by field as the formats' descriptions have it."""
import struct

import h5py
import numpy as np


class Bytes:
    """A file in memory; fields are put at offsets."""

    def __init__(self, size, order="<"):
        self.data, self.order = bytearray(size), order

    def put(self, at, code, *values):
        need = at + struct.calcsize(self.order + code)
        if need > len(self.data):
            self.data.extend(bytes(need - len(self.data)))
        struct.pack_into(self.order + code, self.data, at, *values)

    def text(self, at, length, value, pad=b" "):
        self.data[at:at + length] = value[:length].ljust(length, pad)

    def save(self, path):
        with open(path, "wb") as f:
            f.write(self.data)


# A channel of an ABF file: name, unit, gains and offsets; command: what the amplifier was told.
def channel(name, unit, scale=1.0, gain=1.0, programmable=1.0, additional=None, offset=0.0, signal_offset=0.0):
    return dict(name=name, unit=unit, scale=scale, gain=gain, programmable=programmable, additional=additional, offset=offset,
                signal_offset=signal_offset)


def command(unit="pA", holding=0.0, on=1, source=1, last_held=0, file=b"", epochs=(), user_list=None):
    """user_list: whether the list of this DAC's number is in use; None: there is none."""
    return dict(unit=unit, holding=holding, on=on, source=source, last_held=last_held, file=file, epochs=epochs, user_list=user_list)


def abf_values(raw, c, adc_range, resolution, floats):
    """raw (samples,) of one channel in its unit, in float64."""
    if floats:
        return raw.astype(np.float32).astype(float)
    f = lambda x: float(np.float32(x))
    gain = f(c["scale"]) * f(c["gain"]) * f(c["programmable"]) * (f(c["additional"]) if c["additional"] is not None else 1.0)
    return raw * f(adc_range) / (resolution * gain) + f(c["offset"]) - f(c["signal_offset"])


def abf1(path, raw, channels, cmd, interval=100.0, mode=5, floats=False, version=1.83, header=6144, starts=None, unit=0.0,
         physical=None, resolution=32768, lengths=None, dac=0, range_V=10.0, others=()):
    """raw (sweeps, samples, channels); interval of one channel in us; starts of the sweeps, in `unit` us or in samples. The
    command is of output `dac`, the active one; others: (number, command) of more outputs."""
    raw = np.asarray(raw)
    sweeps, samples, n = raw.shape
    physical = list(range(n)) if physical is None else physical
    b = Bytes(header)
    b.text(0, 4, b"ABF ")
    b.put(4, "f", version)
    b.put(8, "hi", mode, raw.size)
    b.put(16, "i", sweeps)
    b.put(40, "i", header // 512)
    b.put(100, "h", int(floats))
    b.put(120, "hf", n, interval / n)
    b.put(130, "f", unit)
    b.put(138, "i", samples * n)
    b.put(244, "f", range_V)
    b.put(252, "i", resolution)
    for i, c in enumerate(channels):
        p = physical[i]
        b.put(410 + 2 * i, "h", p)
        b.text(442 + 10 * p, 10, c["name"].encode("latin-1"))
        b.text(602 + 8 * p, 8, c["unit"].encode("latin-1"))
        for at, key in ((730, "programmable"), (922, "scale"), (986, "offset"), (1050, "gain"), (1114, "signal_offset")):
            b.put(at + 4 * p, "f", c[key])
        if c["additional"] is not None and header >= 6144:
            b.put(4512 + 2 * p, "h", 1)
            b.put(4576 + 4 * p, "f", c["additional"])
    b.put(1440, "h", dac)
    for d, c in ((dac, cmd), *others):
        b.text(1346 + 8 * d, 8, c["unit"].encode("latin-1"))
        b.put(1394 + 4 * d, "f", c["holding"])
        if header < 6144:
            continue
        for at, key in ((2296, "on"), (2300, "source"), (2304, "last_held")):
            b.put(at + 2 * d, "h", c[key])
        b.text(2736 + 256 * d, 256, c["file"])
        b.put(3360 + 2 * d, "h", int(c["user_list"] or 0))
        for e, (kind, level, step, length, length_step) in enumerate(c["epochs"]):
            k = 10 * d + e
            b.put(2308 + 2 * k, "h", kind)
            b.put(2348 + 4 * k, "f", level)
            b.put(2428 + 4 * k, "f", step)
            b.put(2508 + 4 * k, "i", length)
            b.put(2588 + 4 * k, "i", length_step)
    b.data += np.ascontiguousarray(raw, "<f4" if floats else "<i2").tobytes()
    if starts is not None:
        b.data += bytes(-len(b.data) % 512)
        b.put(92, "ii", len(b.data) // 512, sweeps)
        for s, start in enumerate(starts):
            b.put(len(b.data), "ii", start, samples * n if lengths is None else lengths[s])
    b.save(path)


def abf2(path, raw, channels, cmd, interval=100.0, mode=5, floats=False, starts=None, unit=0.0, resolution=32768, lengths=None, dac=0,
         range_V=10.0, grow=0, others=()):
    """As abf1. Entries are `grow` bytes longer than what is used of them; epochs may have period and width."""
    raw = np.asarray(raw)
    sweeps, samples, n = raw.shape
    texts = [b"clampex"]

    def number(text):
        texts.append(text if isinstance(text, bytes) else text.encode("latin-1"))
        return len(texts)

    protocol, adcs, dacs, epochs = Bytes(512), [], [], []
    protocol.put(0, "hf", mode, interval)
    protocol.put(14, "f", unit)
    protocol.put(22, "i", samples * n)
    protocol.put(110, "f", range_V)
    protocol.put(118, "i", resolution)
    protocol.put(142, "h", dac)
    for i, c in enumerate(channels):
        a = Bytes(128 + grow)
        a.put(0, "hh", i, int(c["additional"] is not None))
        a.put(6, "f", c["additional"] or 0.0)
        a.put(28, "f", c["programmable"])
        a.put(40, "ffff", c["scale"], c["offset"], c["gain"], c["signal_offset"])
        a.put(74, "ii", number(c["name"]), number(c["unit"]))
        adcs.append(a.data)
    outputs = dict(((dac, cmd), *others))
    for d in range(max(outputs) + 1):
        a = Bytes(256 + grow)
        a.put(0, "h", d)
        c = outputs.get(d)
        if c is not None:
            a.put(12, "f", c["holding"])
            a.put(24, "ii", number("Cmd"), number(c["unit"]))
            a.put(40, "hhh", c["on"], c["source"], c["last_held"])
            a.put(118, "i", number(c["file"]) if c["file"] else 0)
        dacs.append(a.data)
    for d, c in outputs.items():
        for e, row in reversed(list(enumerate(c["epochs"]))):  # their order in the file says nothing
            a = Bytes(48 + grow)
            kind, level, step, length, length_step, *rest = row
            a.put(0, "hhhffii", e, d, kind, level, step, length, length_step)
            a.put(22, "ii", *(rest or (0, 0)))
            epochs.append(a.data)
    strings = bytes(44) + b"".join(t + b"\0" for t in texts)
    data = np.ascontiguousarray(raw, "<f4" if floats else "<i2").tobytes()
    b = Bytes(512)
    b.text(0, 4, b"ABF2")
    b.put(4, "4B", 0, 0, 6, 2)
    b.put(12, "I", sweeps)
    b.put(30, "H", int(floats))

    def section(at, content, size, count):
        b.data += bytes(-len(b.data) % 512)
        b.put(at, "IIq", len(b.data) // 512 if count else 0, size, count)
        b.data += content

    section(76, bytes(protocol.data), 512, 1)
    section(92, b"".join(adcs), 128 + grow, n)
    section(108, b"".join(dacs), 256 + grow, len(dacs))
    section(156, b"".join(epochs), 48 + grow, len(epochs))
    if cmd["user_list"] is not None:
        section(172, struct.pack("<hhhhi52x", dac, int(cmd["user_list"]), 13, 0, 0), 64, 1)
    section(220, strings, len(strings), 1)
    section(236, data, 4 if floats else 2, raw.size)
    if starts is not None:
        pairs = b"".join(struct.pack("<ii", t, samples * n if lengths is None else lengths[s]) for s, t in enumerate(starts))
        section(316, pairs, 8, sweeps)
    b.save(path)


IGOR = {2: "f4", 4: "f8", 8: "i1", 16: "i2", 32: "i4", 72: "u1", 80: "u2", 96: "u4"}


def igor(path, values, name, unit, version=5, order="<", kind=2, step=1e-4, start=0.0, x_unit=b"s", note=b"", formula=b"", wrong_sum=False,
         dimensions=1, code=None):
    values = np.asarray(values)
    data = values.astype(order + IGOR[kind]).tobytes()
    size = 384 if version == 5 else 126
    b = Bytes(size, order)
    b.put(0, "h", version)
    at = dict(kind=80, points=76, name=92, name_size=32, unit=212, x=216) if version == 5 else dict(
        kind=16, points=58, name=22, name_size=20, unit=50, x=54)
    b.put(at["kind"], "h", kind if code is None else code)
    b.put(at["points"], "i", values.size)
    b.text(at["name"], at["name_size"], name, b"\0")
    b.text(at["unit"], 4, unit, b"\0")
    b.text(at["x"], 4, x_unit, b"\0")
    if version == 5:
        b.put(4, "iii", 320 + len(data), len(formula), len(note))
        b.put(132, "4i", values.size, 2 if dimensions > 1 else 0, 0, 0)
        b.put(148, "4d", step, 0, 0, 0)
        b.put(180, "4d", start, 0, 0, 0)
        sum_at, tail = 2, formula + note
    else:
        b.put(2, "ii", len(data) + 126, len(note))
        b.put(64, "dd", step, start)
        sum_at, tail = 14, bytes(16) + note
    words = struct.unpack(order + "%dh" % (size // 2), b.data)
    b.put(sum_at, "h", (-sum(words) + int(wrong_sum) + 0x8000) % 0x10000 - 0x8000)
    b.data += data + tail
    b.save(path)


def nwb(path, version="2.6.0", fixed=False):
    """An open NWB file without series."""
    f = h5py.File(path, "w")
    f.attrs["nwb_version"] = np.bytes_(version) if fixed else version
    f.create_group("acquisition")
    f.create_group("stimulus/presentation")
    return f


def series(f, path, kind, data, unit, conversion=None, offset=None, rate=None, start=0.0, timestamps=None, fixed=False, attributes=(),
           scalars=(), **storage):
    g = f.create_group(path)
    g.attrs["neurodata_type"] = np.bytes_(kind) if fixed else kind
    for key, value in dict(attributes).items():
        g.attrs[key] = value
    d = g.create_dataset("data", data=data, **storage)
    d.attrs["unit"] = np.bytes_(unit) if fixed else unit
    if conversion is not None:
        d.attrs["conversion"] = conversion
    if offset is not None:
        d.attrs["offset"] = offset
    if timestamps is not None:
        g["timestamps"] = timestamps
    else:
        g["starting_time"] = start
        g["starting_time"].attrs["rate"] = rate
    for key, value in dict(scalars).items():
        g[key] = value
    return g


def recordings_table(f, rows):
    """rows: (response, first, count, stimulus, first, count); a name of None has count -1."""
    kind = np.dtype([("idx_start", "<i4"), ("count", "<i4"), ("timeseries", h5py.ref_dtype)])
    for k, path in ((0, "responses/response"), (3, "stimuli/stimulus")):
        table = np.empty(len(rows), kind)
        for i, row in enumerate(rows):
            some = row[k] or row[3 - k]
            table[i] = (row[k + 1], row[k + 2], f[some].ref)
        f["general/intracellular_ephys/intracellular_recordings/" + path] = table


def sweep_table(f, rows, index="u1"):
    """rows: (number, [paths])."""
    g = f.create_group("general/intracellular_ephys/sweep_table")
    g["series"] = np.array([f[p].ref for _, paths in rows for p in paths], dtype=h5py.ref_dtype)
    g["series_index"] = np.cumsum([len(paths) for _, paths in rows]).astype(index)
    g["sweep_number"] = np.array([number for number, _ in rows], "u8")
