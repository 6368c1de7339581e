#!/usr/bin/env python3
"""A plugin of `bpfsim conform` that calls bpf(2) through the C library, so that whatever stands before the kernel is scored:

    bpfsim conform -- bpfsim run -- python3 libc.py
    bpfsim conform -- env LD_PRELOAD=./libmock.so python3 libc.py

docs/conform.md has the protocol.
"""
import ctypes
import errno
import os
import platform
import struct
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 321, "aarch64": 280}[platform.machine()]
NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP", 524: "ENOTSUPP"}
COMMANDS = {"create": 0, "lookup": 1, "update": 2, "delete": 3, "next": 4, "open_id": 14, "take": 21, "freeze": 22,
            "lookup_batch": 24, "take_batch": 25, "update_batch": 26, "delete_batch": 27}
TYPES = ("UNSPEC HASH ARRAY PROG_ARRAY PERF_EVENT_ARRAY PERCPU_HASH PERCPU_ARRAY STACK_TRACE CGROUP_ARRAY LRU_HASH LRU_PERCPU_HASH "
         "LPM_TRIE ARRAY_OF_MAPS HASH_OF_MAPS DEVMAP SOCKMAP CPUMAP XSKMAP SOCKHASH CGROUP_STORAGE REUSEPORT_SOCKARRAY "
         "PERCPU_CGROUP_STORAGE QUEUE STACK SK_STORAGE DEVMAP_HASH STRUCT_OPS RINGBUF INODE_STORAGE TASK_STORAGE BLOOM_FILTER "
         "USER_RINGBUF CGRP_STORAGE ARENA").split()
CREATE = {"map_type", "key_size", "value_size", "max_entries", "map_flags", "map_name", "inner_map_fd"}
MODES = {"0": 0, "8": 8, "16": 16}
maps = {}  # by name: fd, key size, value size as user space sees it


class Unsupported(Exception):
    pass


def bpf(command, attr):
    """The result of a call, and the attr as it left it."""
    attr = ctypes.create_string_buffer(attr, len(attr))
    ret = libc.syscall(NUMBER, COMMANDS[command], attr, len(attr))
    return (ret, ctypes.get_errno() if ret < 0 else 0, attr.raw)


def possible_cpus():
    with open("/sys/devices/system/cpu/possible") as f:
        return int(f.read().split("-")[-1]) + 1


def memory(digits):
    """A field of bytes as memory, None for NULL."""
    if digits in (None, "-"):
        return None
    return ctypes.create_string_buffer(bytes.fromhex(digits), len(digits) // 2 + 1)


def address(buffer):
    return ctypes.addressof(buffer) if buffer is not None else 0


def number(digits):
    return int(digits or "0", 0)


def create(name, f):
    if set(f) - CREATE or f["map_type"] not in TYPES or f.get("inner_map_fd", name) not in {name, *maps}:
        raise Unsupported
    key, value = number(f["key_size"]), number(f["value_size"])
    inner = maps[f["inner_map_fd"]][0] if "inner_map_fd" in f else 0
    attr = struct.pack("<6IiI16s", TYPES.index(f["map_type"]), key, value, number(f["max_entries"]), number(f["map_flags"]), inner, 0, 0, b"")
    attr = attr[:28] + f.get("map_name", "").encode()[:16].ljust(16, b"\0")
    ret, code, _ = bpf("create", attr)
    if ret >= 0:
        if "PERCPU" in f["map_type"]:
            value = (value + 7) // 8 * 8 * possible_cpus()
        maps[name] = (ret, key, value)
    return code, {}


def element(verb, name, f):
    fd, key_size, value_size = maps[name]
    if ":" in f.get("value", "") or f.keys() & {"map_fd", "next_key"}:
        raise Unsupported  # values that name a map, and memory of other fields
    key = memory(f.get("key"))
    out = {"lookup": "value", "take": "value", "next": "next_key"}.get(verb)
    size = key_size if verb == "next" else value_size
    value = memory(f["value"]) if "value" in f else ctypes.create_string_buffer(size + 1)
    attr = struct.pack("<IIQQQ", fd, 0, address(key), address(value), number(f.get("flags")))
    attr = attr[:{"delete": 16, "next": 24, "freeze": 4}.get(verb, 32)]
    _, code, _ = bpf(verb, attr)
    return code, {out: value.raw[:size]} if out and not code and "value" not in f else {}


def batch(verb, name, f):
    fd, key_size, value_size = maps[name]
    count = number(f.get("count"))
    if count > 1000 or f.keys() & {"map_fd", "out_batch"} or ":" in f.get("values", ""):
        raise Unsupported
    reads = verb in ("lookup_batch", "take_batch")
    keys = ctypes.create_string_buffer(count * key_size + 1) if reads else memory(f.get("keys"))
    values = ctypes.create_string_buffer(count * value_size + 1) if reads else memory(f.get("values"))
    cursor, after = memory(f.get("in_batch")), ctypes.create_string_buffer(max(4, key_size))
    attr = struct.pack("<QQQQIIQQ", address(cursor), address(after), address(keys), address(values), count, fd,
                       number(f.get("elem_flags")), number(f.get("flags")))
    _, code, attr = bpf(verb, attr)
    done = struct.unpack_from("<I", attr, 32)[0]
    results = {"count": done}
    if reads and code in (0, errno.ENOENT, errno.ENOSPC):
        results.update(keys=keys.raw[:done * key_size], values=values.raw[:done * value_size], out_batch=after.raw)
    return code, results


def open_id(name, f):
    of = f["map_id"].removeprefix("id:")
    if of not in maps or f.get("open_flags", "0") not in MODES:
        raise Unsupported
    info = ctypes.create_string_buffer(80)
    attr = ctypes.create_string_buffer(struct.pack("<IIQ", maps[of][0], 80, ctypes.addressof(info)), 16)
    if libc.syscall(NUMBER, 15, attr, 16) < 0:
        return ctypes.get_errno(), {}
    ret, code, _ = bpf("open_id", struct.pack("<III", struct.unpack_from("<I", info, 4)[0], 0, MODES[f.get("open_flags", "0")]))
    if ret >= 0:
        maps[name] = (ret,) + maps[of][1:]
    return code, {}


def answer(verb, name, f):
    if verb == "start":
        for fd, _, _ in maps.values():
            os.close(fd)
        maps.clear()
        if f["root"] != "1" or number(f["cpus"]) != possible_cpus():
            raise Unsupported
        return 0, {}
    if verb == "create":
        return create(name, f)
    if verb == "open_id":
        return open_id(name, f)
    if name not in maps:
        raise Unsupported
    if verb == "close":
        os.close(maps.pop(name)[0])
        return 0, {}
    if verb.endswith("_batch"):
        return batch(verb, name, f)
    if verb in COMMANDS:
        return element(verb, name, f)
    raise Unsupported


def respond(line):
    """The answer to a question, as a line."""
    words = line.split()
    name = words[2] if len(words) > 2 and "=" not in words[2] else ""
    fields = dict(word.split("=", 1) for word in words[2:] if "=" in word)
    try:
        code, results = answer(words[1], name, fields)
        text = NAMES.get(code, str(code)) if code else "OK"
    except Unsupported:
        text, results = "unsupported", {}
    for field, value in results.items():
        text += f" {field}={value if isinstance(value, int) else value.hex()}"
    return f"{words[0]} {text}\n"


def together(lines):
    """Answers all lines at the same time, each as it is done."""
    start, said = threading.Barrier(len(lines)), threading.Lock()

    def one(line):
        start.wait()
        text = respond(line)
        with said:
            sys.stdout.write(text)

    threads = [threading.Thread(target=one, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    for line in sys.stdin:
        tag, verb, *rest = line.split()
        if verb == "together":
            print(tag, "OK", flush=True)
            together([sys.stdin.readline() for _ in range(int(rest[0].removeprefix("calls=")))])
        else:
            sys.stdout.write(respond(line))
        sys.stdout.flush()


main()
