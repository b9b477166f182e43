"""Channels as arrays: CSV with the label first, libsvm, and protobuf records in RecordIO.

`read(channel, ...)` gives (features, labels, weights); features are a numpy array, or a scipy CSR matrix for libsvm and
sparse records. Files come in the order of their names. Source of the record format: "Common data formats for training"
in the SageMaker developer guide, and the message `aialgs.data.Record` printed there.
"""

import os
import struct

import numpy
import scipy.sparse

from stand_in import DATA, ClientError, read_json

CSV = ("text/csv",)
LIBSVM = ("text/libsvm", "text/x-libsvm")
RECORDS = ("application/x-recordio-protobuf",)
RECORD_MAGIC = 0xCED7230A


def channel_exists(channel):
    return channel in read_json("inputdataconfig.json")


def files(channel):
    found = []
    for root, folders, names in os.walk(os.path.join(DATA, channel)):
        folders.sort()
        found += [os.path.join(root, name) for name in sorted(names) if not name.startswith((".", "_"))]
    if not found:
        raise ClientError(f"No data found in the {channel} channel.")
    return found


def content_type(channel, default, accepted):
    """The channel's type and its parameters, as in `text/csv;label_size=0`."""
    about = read_json("inputdataconfig.json").get(channel, {})
    if about.get("S3DistributionType") == "ShardedByS3Key" and len(read_json("resourceconfig.json").get("hosts", [])) > 1:
        raise ClientError(
            f"the {channel} channel is split between hosts (ShardedByS3Key), and this stand-in trains on one: use "
            "FullyReplicated"
        )
    kind, *parameters = [part.strip().lower() for part in (about.get("ContentType") or default).split(";")]
    if kind in ("csv", "libsvm"):
        kind = "text/" + kind
    if kind not in accepted:
        shown = ", ".join(accepted)
        raise ClientError(f"{kind} is not an accepted ContentType of the {channel} channel: {shown}")
    return kind, dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)


def read(channel, default, accepted, label_size=1, weights=False):
    kind, parameters = content_type(channel, default, accepted)
    if kind in CSV:
        try:
            label_size = int(parameters.get("label_size", label_size))
        except ValueError:
            raise ClientError(f"label_size of the {channel} channel is not a number") from None
        return read_csv(channel, label_size, weights)
    if kind in LIBSVM:
        return read_libsvm(channel)
    return read_records(channel)


def read_csv(channel, label_size, weights):
    tables = []
    for path in files(channel):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read().splitlines()
        lines = [line for line in text if line.strip()]
        if not lines:
            continue
        try:
            table = numpy.loadtxt(lines, delimiter=",", dtype=numpy.float64, ndmin=2, comments=None)
        except ValueError:
            table = with_gaps(path, lines)
        tables.append(table)
    if not tables:
        raise ClientError(f"No data found in the {channel} channel.")
    if len({table.shape[1] for table in tables}) > 1:
        raise ClientError(f"The files of the {channel} channel have different numbers of columns.")
    table = numpy.concatenate(tables)
    first = label_size + (1 if weights else 0)
    if table.shape[1] <= first:
        raise ClientError(f"The {channel} channel has no feature columns: {table.shape[1]} columns in all.")
    labels = table[:, 0] if label_size else None
    return table[:, first:], labels, table[:, 1] if weights else None


def with_gaps(path, lines):
    """Slower: empty cells are missing values; what is no number names its line."""
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append([float(cell) if cell.strip() else numpy.nan for cell in line.split(",")])
        except ValueError:
            cells = [cell for cell in line.split(",") if cell.strip()]
            hint = " (a header row is not allowed)" if number == 1 else ""
            raise ClientError(
                f"{os.path.basename(path)}, line {number}: could not convert {cells[0][:40]!r}... to a number{hint}"
            ) from None
        if len(rows[-1]) != len(rows[0]):
            raise ClientError(f"{os.path.basename(path)}, line {number}: {len(rows[-1])} columns instead of {len(rows[0])}")
    return numpy.array(rows, dtype=numpy.float64)


def read_libsvm(channel):
    labels, values, columns, ends = [], [], [], [0]
    for path in files(channel):
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                words = line.split("#", 1)[0].split()
                if not words:
                    continue
                try:
                    labels.append(float(words[0].split(":", 1)[0]))
                    for word in words[1:]:
                        column, value = word.split(":", 1)
                        if column == "qid":
                            continue
                        columns.append(int(column))
                        values.append(float(value))
                except ValueError:
                    name = os.path.basename(path)
                    raise ClientError(f"{name}, line {number}: not a line of the libsvm format") from None
                ends.append(len(values))
    if not labels:
        raise ClientError(f"No data found in the {channel} channel.")
    width = max(columns, default=-1) + 1
    shape = (len(labels), width)
    return scipy.sparse.csr_matrix((values, columns, ends), shape=shape), numpy.array(labels), None


def read_records(channel):
    labels, rows, width, is_sparse = [], [], 0, False
    for path in files(channel):
        with open(path, "rb") as file:
            data = file.read()
        try:
            for payload in frames(data):
                features, label = record(payload)
                values, keys, shape = features.get("values", (numpy.zeros(0), [], []))
                is_sparse |= len(keys) > 0
                width = max(width, int(shape[0]) if len(shape) else 0, (max(keys) + 1) if len(keys) else len(values))
                rows.append((values, keys))
                if "values" in label:
                    labels.append(float(label["values"][0][0]))
        except (IndexError, struct.error, ValueError):
            raise ClientError(f"{os.path.basename(path)} is not a RecordIO file of protobuf records") from None
    if not rows:
        raise ClientError(f"No data found in the {channel} channel.")
    if labels and len(labels) != len(rows):
        raise ClientError(f"Only {len(labels)} of the {len(rows)} records of the {channel} channel have a label.")
    target = numpy.array(labels) if labels else None
    if is_sparse:
        ends = numpy.cumsum([0] + [len(values) for values, _ in rows])
        flat = numpy.concatenate([values for values, _ in rows])
        columns = numpy.concatenate([numpy.asarray(keys, dtype=numpy.int64) for _, keys in rows])
        return scipy.sparse.csr_matrix((flat, columns, ends), shape=(len(rows), width)), target, None
    if any(len(values) != width for values, _ in rows):
        raise ClientError(f"The records of the {channel} channel have different numbers of features.")
    return numpy.stack([values for values, _ in rows]).astype(numpy.float64), target, None


def frames(data):
    """Payloads of a RecordIO file; a record that holds the magic number is written in parts."""
    at, parts = 0, []
    while at < len(data):
        magic, word = struct.unpack_from("<II", data, at)
        length, part = word & 0x1FFFFFFF, word >> 29
        if magic != RECORD_MAGIC or at + 8 + length > len(data):
            raise ValueError("not a record")
        payload = data[at + 8 : at + 8 + length]
        at += 8 + (length + 3) // 4 * 4
        if part in (0, 1):
            parts = [payload]
        else:
            parts += [struct.pack("<I", RECORD_MAGIC), payload]
        if part in (0, 3):
            yield b"".join(parts)


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number that does not end")


def fields(data):
    """(field number, value) of a message: bytes, or a number."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            if at + length > len(data):
                raise ValueError("a field that does not end")
            value, at = data[at : at + length], at + length
        else:
            length = {1: 8, 5: 4}[kind] if kind in (1, 5) else -1
            if length < 0:
                raise ValueError("an unknown kind of field")
            value, at = data[at : at + length], at + length
        yield key >> 3, value


# Field of `Value` to the element type of its tensor.
TENSORS = {2: numpy.dtype("<f4"), 3: numpy.dtype("<f8"), 7: None}


def record(payload):
    """(features, label), each name to (values, keys, shape)."""
    maps = ({}, {})
    for number, entry in fields(payload):
        if number not in (1, 2):
            continue
        name, value = "values", b""
        for part, content in fields(entry):
            if part == 1:
                name = content.decode("utf-8")
            elif part == 2:
                value = content
        for kind, content in fields(value):
            if kind in TENSORS:
                maps[number - 1][name] = tensor(content, TENSORS[kind])
    return maps


def tensor(content, element):
    values, keys, shape = [], [], []
    for number, packed in fields(content):
        if number == 1 and element is not None:
            values.append(numpy.frombuffer(packed, dtype=element))
        else:
            target = {1: values, 2: keys, 3: shape}.get(number, [])
            target += [packed] if isinstance(packed, int) else varints(packed)
    if element is not None:
        values = numpy.concatenate(values) if values else numpy.zeros(0, dtype=element)
    return numpy.asarray(values), keys, shape


def varints(packed):
    found, at = [], 0
    while at < len(packed):
        value, at = varint(packed, at)
        found.append(value)
    return found
