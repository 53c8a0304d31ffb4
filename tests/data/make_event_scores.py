"""Makes event_scores.h5: trains of events, a response and what is expected of events, with their scores.

    python3 make_event_scores.py event_scores.h5        (numpy, h5py)

Scores follow their definitions: coincidences by the loop that takes the earliest first, pairs by comparing
all times with all, likelihoods step by step.
"""
import sys

import h5py
import numpy as np

PRECISION, WINDOW, BEFORE, AFTER = 2.0, 4.0, 5.0, 10.0


def coincidences(data, model):
    i = j = n = 0
    while i < len(data) and j < len(model):
        d = model[j] - data[i]
        if abs(d) <= PRECISION + 1e-9:
            n, i, j = n + 1, i + 1, j + 1
        elif d < 0:
            j += 1
        else:
            i += 1
    return n


def gamma(data, model, duration):
    if len(data) + len(model) == 0:
        return np.nan
    nu = len(model) / duration
    norm = 1 - 2 * nu * PRECISION
    if norm <= 0:
        return np.nan
    return (coincidences(data, model) - 2 * nu * PRECISION * len(data)) / (0.5 * (len(data) + len(model))) / norm


def inner(a, b):
    return float(np.sum(np.abs(np.asarray(a)[:, None] - np.asarray(b)[None]) <= WINDOW + 1e-9))


def md_star(data, model):
    dm = np.mean([inner(a, b) for a in data for b in model])
    dd = np.mean([inner(a, b) for i, a in enumerate(data) for b in data[i + 1:]])
    mm = np.mean([inner(a, b) for i, a in enumerate(model) for b in model[i + 1:]]) if len(model) > 1 else inner(model[0], model[0])
    return 2 * dm / (dd + mm)


def response_fit(recorded, predicted, events, dt, first):
    keep = np.ones(len(recorded), bool)
    for t in events:
        keep[max(0, int(np.floor((t - BEFORE) / dt))):int(np.ceil((t + AFTER) / dt))] = False
    keep[:first] = False
    d = predicted[keep] - recorded[keep]
    return np.sqrt(np.mean(d * d)), 1 - np.mean(d * d) / np.var(recorded[keep])


def bits(expected, event, mask, first):
    event, mask = event.astype(bool), mask.astype(bool)
    keep = (~mask | (event & ~np.concatenate([[False], mask[:-1]])))[first:]
    x, y = np.maximum(expected[first:][keep], 1e-12), event[first:][keep]
    n = int(y.sum())
    model = np.sum(np.log(-np.expm1(-x[y]))) - np.sum(x[~y])
    m = -np.log1p(-n / len(y))
    flat = n * np.log(-np.expm1(-m)) - (len(y) - n) * m
    return (model - flat) / n / np.log(2)


def main():
    rng = np.random.default_rng(5)
    duration, dt, steps, first = 3000.0, 1.0, 3000, 200
    true = np.sort(rng.uniform(0, duration, 45))
    trains = []
    for k in range(8):  # repeats, then predictions, the last two fast and silent
        kept = true[rng.random(len(true)) < 0.8] + rng.normal(0, 0.5 + 0.4 * k, 45)[:1]
        extra = rng.uniform(0, duration, [3, 3, 3, 3, 6, 60, 800, 0][k])
        trains.append(np.sort(np.concatenate([kept if k < 7 else [], extra])))
    trains[5] = np.sort(np.concatenate([trains[5], trains[0][:5] + PRECISION]))  # at exactly the precision
    data, model = trains[:3], trains[3:]
    event, mask = np.zeros(steps, np.uint8), np.zeros(steps, np.uint8)
    for t in data[0][data[0] < duration]:
        s = int(t / dt)
        event[s] = 1
        mask[s:s + 5] = 1
    expected = rng.gamma(0.3, 0.02, steps)
    expected[event.astype(bool)] += rng.gamma(1, 0.4, int(event.sum()))
    expected[::11] = 0
    recorded = -60 + np.convolve(rng.normal(size=steps + 99), np.ones(100) / 30, "valid")
    predicted = recorded + rng.normal(0, 0.7, steps)
    with h5py.File(sys.argv[1], "w") as f:
        f.attrs.update(duration=duration, dt=dt, first=first)
        f["time"] = np.concatenate(trains)
        f["length"] = np.array([len(t) for t in trains])
        f["coincidences"] = np.array([[coincidences(a, b) for b in trains] for a in trains])
        f["gamma"] = np.array([[gamma(a, b, duration) for b in trains] for a in trains])
        f["reliability"] = np.mean([gamma(a, b, duration) for i, a in enumerate(data) for j, b in enumerate(data) if i != j])
        f["md_star"] = np.array([md_star(data, model), md_star(data, model[:1])])
        for name, value in dict(event=event, mask=mask, expected=expected, recorded=recorded, predicted=predicted).items():
            f.create_dataset(name, data=value, compression="gzip")
        f["fit"] = np.array(response_fit(recorded, predicted, data[0], dt, first))
        f["bits"] = np.array([bits(expected, event, mask, first), bits(expected, event, np.zeros(steps), 0)])


if __name__ == "__main__":
    main()
