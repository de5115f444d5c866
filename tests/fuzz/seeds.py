#!/usr/bin/python3
"""seeds.py DIRECTORY CORPUS: for script/make-seeds. Cuts what clients said
(DIRECTORY/client-NAME), and FLV files (DIRECTORY/NAME.flv), into inputs of the
fuzz targets; each target's source says what its inputs are."""

import glob
import os
import struct
import sys

HANDSHAKE = 1536


def messages(data):
    """The payloads of a chunk stream with ids below 64, by type."""
    streams, at, size = {}, 0, 128
    while at < len(data):
        fmt, csid = data[at] >> 6, data[at] & 63
        at += 1
        stream = streams.setdefault(csid, {"payload": b""})
        header = data[at:at + (11, 7, 3, 0)[fmt]]
        at += len(header)
        if fmt < 2:
            stream["length"] = int.from_bytes(header[3:6], "big")
            stream["type"] = header[6]
        if header[:3] == b"\xff\xff\xff":
            at += 4
        left = stream["length"] - len(stream["payload"])
        piece = data[at:at + min(left, size)]
        at += len(piece)
        stream["payload"] += piece
        if len(stream["payload"]) == stream["length"]:
            if stream["type"] == 1:
                size = struct.unpack(">I", stream["payload"])[0]
            yield stream["type"], stream["payload"]
            stream["payload"] = b""


def write(corpus, target, name, data):
    os.makedirs(os.path.join(corpus, target), exist_ok=True)
    with open(os.path.join(corpus, target, name), "wb") as file:
        file.write(data)


def from_client(corpus, name, data):
    chunks = data[1 + 2 * HANDSHAKE:]
    write(corpus, "handshake", name, b"\0" + data[:1 + HANDSHAKE])
    write(corpus, "chunk", name, b"\x10" + chunks)
    # all at one go, a second of watching behind it
    write(corpus, "session", name, bytes([0, 255, 1, 10, 0, 0, 255, 255]) + chunks)
    for number, (kind, payload) in enumerate(messages(chunks)):
        if kind in (4, 17, 20):
            write(corpus, "command", f"{name}-{number}", bytes([kind]) + payload)
        if kind == 20:
            write(corpus, "amf0", f"{name}-{number}", payload)


def script_tag(data):
    """The data of the first tag, if it is a script tag."""
    if data[13] != 18:
        return None
    return data[24:24 + int.from_bytes(data[14:17], "big")]


def orders(*pairs):
    return bytes([len(pairs)]) + b"".join(
        bytes([order]) + argument.to_bytes(2, "big") for order, argument in pairs)


def from_film(corpus, name, data):
    write(corpus, "flv", f"film-{name}", data + b"\0\0")
    write(corpus, "flv", f"film-{name}-grows", data + b"\1\x80")
    if script_tag(data) is not None:
        write(corpus, "metadata", f"film-{name}", script_tag(data))
    # wait, pause, resume, seek, save, restore, receive, switch
    plays = {
        "plain": (0, orders((0, 2000))),
        "paused": (1, orders((0, 300), (1, 0), (0, 500), (2, 0), (3, 25), (0, 3000))),
        "switched": (65, orders((0, 100), (7, 0), (0, 200), (8, 1), (5, 1), (0, 500),
                                (5, 3), (6, 0), (0, 3000))),
        "late": (8, orders((0, 100), (9, 900), (9, 900), (0, 3000)))}
    for play, (flags, commands) in plays.items():
        write(corpus, "playback", f"film-{name}-{play}",
              bytes([flags]) + (500).to_bytes(2, "big") + commands + data)


def main(directory, corpus):
    for path in sorted(glob.glob(os.path.join(directory, "*"))):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        if name.startswith("client-") and "." not in name:
            from_client(corpus, name, data)
        elif name.endswith(".flv"):
            from_film(corpus, name[:-4], data)


main(*sys.argv[1:])
