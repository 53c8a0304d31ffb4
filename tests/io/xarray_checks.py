"""What xarray has to find in every group of a file: labels that are texts, no dimension twice in one
array, and coordinates of every dimension that has some in a group above."""
import h5py
import xarray


def groups(path):
    names = [""]
    with h5py.File(path) as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Group) else None)
    return names


def open_group(path, group):
    return xarray.open_dataset(path, engine="h5netcdf", group=group or None)


def check(path):
    """Returns the number of arrays looked at."""
    count = 0
    coordinates = {}
    for group in groups(path):
        with open_group(path, group) as data:
            coordinates[group] = set(data.coords)
            above = [coordinates[g] for g in coordinates if g == "" or group.startswith(g + "/")]
            for name, array in data.variables.items():
                count += 1
                place = f"{path}: {group}/{name}"
                assert len(set(array.dims)) == len(array.dims), f"{place}: {array.dims}"
                if array.ndim == 1 and array.dtype.kind in "SO":
                    assert all(isinstance(label, str) for label in array.values), f"{place}: {array.values}"
                for dim in array.dims:
                    known = any(dim in names for names in above)
                    assert not known or dim in data.coords, f"{place}: no coordinates of {dim}"
    return count
