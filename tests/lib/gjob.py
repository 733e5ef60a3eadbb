#!/usr/bin/env python3
"""Packages of jobs (.gjob) as Continuous Print makes and reads them, with Python's own zipfile and json:
nothing of host/ is used, so a mistake there cannot hide itself.

    gjob.py make FILE [CASE]        a package; the cases that are broken are named below
    gjob.py all DIR                 all of them, as DIR/CASE.gjob
    gjob.py check FILE EXPECTED     exits 1 and says why unless FILE is a package with what the JSON file
                                    EXPECTED says: {"name", "count", ..., "sets": [{"path", "content", ...}]}
    gjob.py list FILE               the manifest
"""
import io
import json
import struct
import sys
import zipfile

CUBE = b"; cube\nG28\nG1 Z0.2 F600\nG1 X10 E1 F1200\n" * 50
RING = b"; ring\nG28\nG1 Z0.2 F600\nG1 Y10 E1 F1200\n" * 50

MANIFEST = {
    "name": "Toy car \u00e4\u00df", "count": 7, "draft": False,
    "sets": [
        {"path": "cube.gcode", "count": 3, "metadata": json.dumps({"estimatedPrintTime": 61.5, "filamentLengths": [1200.25, 3]}),
         "materials": ["PLA_Black_#000000", "", "PETG"], "profiles": ["Creality Ender 3", "Generic"],
         "id": 12, "rank": 0.5, "sd": False, "remaining": 5, "completed": 2},
        {"path": "ring.gcode", "count": 1, "metadata": None, "materials": [], "profiles": [],
         "id": "0190c_1", "rank": 1.5, "remaining": 0, "completed": 1},
    ],
    "created": 1700000000, "remaining": 4, "version": "0.1.0",
}


def manifest(**changes):
    return {**json.loads(json.dumps(MANIFEST)), **changes}


def with_set(index=0, drop=(), **changes):
    m = manifest()
    m["sets"][index].update(changes)
    for key in drop:
        del m["sets"][index][key]
    return m


def pack(path, files, text):
    """As the original does: the files deflated, then the manifest as it comes."""
    with zipfile.ZipFile(path, "w") as z:
        for name, content in files:
            z.writestr(name, content, compress_type=zipfile.ZIP_DEFLATED)
        if text is not None:
            z.writestr("manifest.json", text)


FILES = [("cube.gcode", CUBE), ("ring.gcode", RING)]


def make_with(m, files=FILES):
    return lambda path: pack(path, files, m if isinstance(m, (str, bytes)) or m is None else json.dumps(m))


def patched(change):
    """A good package whose bytes are changed afterwards."""
    def make(path):
        b = io.BytesIO()
        pack(b, FILES, json.dumps(MANIFEST))
        with open(path, "wb") as f:
            f.write(change(bytearray(b.getvalue())))
    return make


def encrypt(data):
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        i = data.find(magic)
        while i >= 0:
            data[i + at] |= 1
            i = data.find(magic, i + 4)
    return data


def damage(data):
    data[60] ^= 0x55
    return data


def many_claimed(data):
    i = data.rfind(b"PK\5\6")
    struct.pack_into("<HH", data, i + 8, 65000, 65000)
    return data


def large_directory(data):
    i = data.rfind(b"PK\5\6")
    struct.pack_into("<I", data, i + 12, 1 << 30)
    return data


def twice(path):
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("a/cube.gcode", CUBE)
        z.writestr("b/cube.gcode", RING)
        z.writestr("ring.gcode", RING)
        z.writestr("manifest.json", json.dumps(MANIFEST))


CASES = {
    "full": make_with(MANIFEST),
    # what may be missing, and odd things that must not matter
    "bare": make_with({"sets": [{"path": "cube.gcode"}], "someting": {"new": [1]}}, FILES[:1]),
    "nulls": make_with({"name": None, "count": None, "draft": None, "created": None, "remaining": None, "version": None,
                        "sets": [{"path": "cube.gcode", "count": None, "materials": None, "profiles": None, "metadata": None,
                                  "sd": None, "rank": None, "remaining": None, "completed": None, "id": None},
                                 {"path": "cube.gcode", "materials": [None, "", "PLA"], "profiles": []}]}, FILES[:1]),
    "folders": make_with(MANIFEST, [("x/", b""), ("x/cube.gcode", CUBE), ("x/y/ring.gcode", RING)]),
    "unknown_profile": make_with(with_set(profiles=["Replicator 9000", "Creality Ender 3", "creality-ender3", "Makerr"])),
    "model": make_with(with_set(path="vase.stl"), [("vase.stl", b"solid \0 vase")] + FILES[1:]),
    "long_names": make_with({"name": "n" * 190, "sets": [{"path": "p" * 150 + end + ".gcode"} for end in "ab"]},
                            [("p" * 150 + end + ".gcode", CUBE + end.encode()) for end in "ab"]),
    "finished": make_with(manifest(remaining=0)),
    # broken
    "empty": lambda path: open(path, "wb").close(),
    "text": lambda path: open(path, "wb").write(b"G28\n" * 100),
    "no_manifest": make_with(None),
    "not_json": make_with("{\"sets\": ["),
    "not_object": make_with([1, 2]),
    "no_sets": make_with({"name": "x", "count": 1}),
    "sets_type": make_with(manifest(sets={"a": 1})),
    "set_type": make_with(manifest(sets=["cube.gcode"])),
    "name_type": make_with(manifest(name=5)),
    "count_type": make_with(manifest(count="3")),
    "count_real": make_with(manifest(count=2.5)),
    "count_zero": make_with(manifest(count=0)),
    "count_negative": make_with(manifest(count=-1)),
    "count_huge": make_with(manifest(count=10**9)),
    "count_endless": make_with(json.dumps(MANIFEST).replace("7", "9" * 40, 1)),
    "remaining_huge": make_with(manifest(remaining=8)),
    "draft_type": make_with(manifest(draft="no")),
    "created_type": make_with(manifest(created="now")),
    "set_count_zero": make_with(with_set(1, count=0)),
    "set_count_huge": make_with(with_set(1, count=10**9)),
    "set_remaining_negative": make_with(with_set(1, remaining=-3)),
    "path_missing": make_with(with_set(1, drop=["path"])),
    "path_type": make_with(with_set(1, path=7)),
    "path_unknown": make_with(with_set(1, path="other.gcode")),
    "path_up": make_with(with_set(1, path="../ring.gcode")),
    "path_absolute": make_with(with_set(1, path="/etc/ring.gcode")),
    "path_manifest": make_with(with_set(1, path="manifest.json")),
    "materials_type": make_with(with_set(1, materials="PLA")),
    "material_type": make_with(with_set(1, materials=[1])),
    "profiles_type": make_with(with_set(1, profiles={"a": 1})),
    "profile_empty": make_with(with_set(1, profiles=[""])),
    "metadata_type": make_with(with_set(1, metadata={"a": 1})),
    "entry_up": make_with(MANIFEST, FILES + [("../../up.gcode", CUBE)]),
    "entry_absolute": make_with(MANIFEST, FILES + [("/tmp/up.gcode", CUBE)]),
    "entry_twice": twice,
    "entries": make_with(MANIFEST, FILES + [("%d.gcode" % i, b"") for i in range(1000)]),
    "bomb": make_with(MANIFEST, [("cube.gcode", b"\0" * (8 << 20)), ("ring.gcode", RING)]),
    "manifest_bomb": make_with(json.dumps(MANIFEST) + " " * (5 << 20)),
    "nul": make_with(MANIFEST, [("cube.gcode", b"G28\n\0\n"), ("ring.gcode", RING)]),
    "no_gcode": make_with(MANIFEST, [("cube.gcode", b"; nothing\n"), ("ring.gcode", RING)]),
    "odd_suffix": make_with(with_set(path="cube.exe"), [("cube.exe", CUBE)] + FILES[1:]),
    "large": make_with(MANIFEST, [("cube.gcode", CUBE * 600), ("ring.gcode", RING)]),
    "encrypted": patched(encrypt),
    "damaged": patched(damage),
    "cut": patched(lambda data: data[:-30]),
    "many_claimed": patched(many_claimed),
    "large_directory": patched(large_directory),
}

KEYS = ["name", "count", "draft", "sets", "created", "remaining", "version"]
SET_KEYS = ["path", "count", "metadata", "materials", "profiles", "id", "rank", "sd", "remaining", "completed"]
TYPES = {"name": str, "count": int, "draft": bool, "sets": list, "created": int, "remaining": int, "version": str}
SET_TYPES = {"path": str, "count": int, "metadata": (str, type(None)), "materials": list, "profiles": list, "id": (int, str),
             "rank": float, "sd": bool, "remaining": int, "completed": int}


def want(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r} instead of {wanted!r}")


def check_types(what, got, keys, types):
    want(f"keys of {what}", list(got), keys)
    for key, kind in types.items():
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if type(got[key]) not in kinds:
            sys.exit(f"{what}: {key} is {got[key]!r}")


def check_entries(z, expected):
    """Flat, each file once and in the sets' order, plain headers, the manifest last and stored."""
    names = list(dict.fromkeys(s["path"] for s in expected["sets"]))
    infos = z.infolist()
    want("entries", [i.filename for i in infos], names + ["manifest.json"])
    for i in infos:
        last = i.filename == "manifest.json"
        want(f"{i.filename}: method", i.compress_type, zipfile.ZIP_STORED if last else zipfile.ZIP_DEFLATED)
        want(f"{i.filename}: flags", i.flag_bits, 0 if i.filename.isascii() else 0x800)
        want(f"{i.filename}: made on", i.create_system, 3)
        want(f"{i.filename}: extra field", i.extra, b"")
        if i.external_attr >> 16 & 0o600 != 0o600 or i.external_attr & 0xffff:
            sys.exit(f"{i.filename}: external attributes {i.external_attr:#x}")
        if i.extract_version > 20:
            sys.exit(f"{i.filename}: needs version {i.extract_version}")
        z.fp.seek(i.header_offset)
        magic, version, flags, method, _, _, crc, packed, size, name_len, extra_len = struct.unpack(
            "<4sHHHHHIIIHH", z.fp.read(30))
        want(f"{i.filename}: local header", (magic, flags, method, crc, packed, size, extra_len),
             (b"PK\3\4", i.flag_bits, i.compress_type, i.CRC, i.compress_size, i.file_size, 0))
        want(f"{i.filename}: local name", z.fp.read(name_len), i.filename.encode())
    want("comment", z.comment, b"")


def check(path, expected):
    with zipfile.ZipFile(path) as z:
        check_entries(z, expected)
        want("first bad file", z.testzip(), None)
        got = json.loads(z.read("manifest.json").decode("utf-8"))
        check_types("manifest", got, KEYS, TYPES)
        want("number of sets", len(got["sets"]), len(expected["sets"]))
        for key in ("name", "count", "draft", "created", "remaining"):
            if key in expected:
                want(key, got[key], expected[key])
        for s, e in zip(got["sets"], expected["sets"]):
            check_types("a set", s, SET_KEYS, SET_TYPES)
            if "content" in e:
                want("content", z.read(s["path"]).decode(), e["content"])
            for key in e.keys() - {"content"}:
                want(f"{s['path']}: {key}", s[key], e[key])


def main():
    if sys.argv[1:2] == ["make"] and len(sys.argv) in (3, 4):
        CASES[sys.argv[3] if len(sys.argv) > 3 else "full"](sys.argv[2])
    elif sys.argv[1:2] == ["all"] and len(sys.argv) == 3:
        for name, make in CASES.items():
            make(f"{sys.argv[2]}/{name}.gjob")
    elif sys.argv[1:2] == ["check"] and len(sys.argv) == 4:
        check(sys.argv[2], json.load(open(sys.argv[3], encoding="utf-8")))
    elif sys.argv[1:2] == ["list"] and len(sys.argv) == 3:
        print(zipfile.ZipFile(sys.argv[2]).read("manifest.json").decode())
    else:
        sys.exit(__doc__)


main()
