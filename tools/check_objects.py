#!/usr/bin/env python3
"""Checks the object files of a build: instruction sets stay apart, pure rooms call no system.

Usage: check_objects.py BUILD_DIR

1. Kernel objects (bb_k_<isa>) define no weak symbol outside namespace xsimd, and no symbol is
   defined by the objects of two instruction sets. Otherwise the linker may keep the copy that
   uses instructions which another machine lacks.
2. Objects of the pure rooms have no undefined symbol for clocks, sockets, threads, entropy or
   files. Generated protobuf objects are exempt.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

__all__ = ["check_kernels", "check_rooms", "main"]

PURE_ROOMS = ("engine", "ir", "wire", "roles", "compiler", "node")

# What a pure room may not call: kind -> pattern of whole demangled names.
FORBIDDEN: dict[str, str] = {
    "clock": r"std::chrono::.*_clock::now\(\)|clock_gettime|clock|gettimeofday|time|localtime(_r)?"
    r"|gmtime(_r)?|timespec_get",
    "socket": r"socket|socketpair|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?"
    r"|getaddrinfo|poll|ppoll|select|epoll_.*",
    "thread": r"pthread_create|std::thread::.*|std::jthread::.*|std::this_thread::.*|nanosleep"
    r"|clock_nanosleep|u?sleep|sched_yield|fork|vfork|std::(__basic_future|async).*",
    "entropy": r"getrandom|getentropy|arc4random.*|s?rand(_r)?|s?random(_r)?|[dlm]rand48"
    r"|std::random_device::.*",
    "file": r"f?open(64|at|at64)?|freopen(64)?|creat(64)?|stat(64|x)?|[fl]stat(64)?|unlink(at)?"
    r"|rename(at)?|mkdir(at)?|rmdir|opendir|readdir(64)?|(std::)?remove|std::basic_[io]?f(stream|ilebuf)<.*"
    r"|std::basic_filebuf<.*|std::filesystem::.*|std::c(in|out|err|log)",
}


def symbols(objects: list[Path], *options: str) -> list[tuple[Path, str, str]]:
    """Lists the symbols of object files.

    Args:
        objects: The files.
        options: Which symbols, as options of nm.

    Returns:
        (file, one-letter type, name) of each external symbol.
    """
    found: list[tuple[Path, str, str]] = []
    if not objects:
        return found
    command = ["nm", "-A", "--extern-only", *options, *map(str, objects)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        match = re.match(r"^(.*?\.o):\s*[0-9a-f]*\s+(\S) (.*)$", line)
        if match:
            found.append((Path(match[1]), match[2], match[3].split("@")[0]))
    return found


def check_kernels(build: Path) -> list[str]:
    """Checks that the kernels of two instruction sets cannot replace each other at link time.

    Args:
        build: The CMake build folder.

    Returns:
        One message per violation; a message if there are no kernel objects at all.
    """
    objects = sorted(build.glob("**/bb_k_*.dir/**/*.o"))
    if not objects:
        return [f"no bb_k_* objects under {build}: build the target bb_kernels first"]
    problems = []
    owners: dict[str, set[str]] = defaultdict(set)
    for path, letter, name in symbols(objects, "--defined-only"):
        isa = re.search(r"bb_k_([a-z0-9]+)\.dir", str(path))
        if isa is None or name.startswith("DW.ref."):
            continue
        owners[name].add(isa[1])
        if letter in "WVu" and not re.match(r"_ZNK?5xsimd", name):
            where = f"{path.name} ({isa[1]})"
            problems.append(f"{where}: weak symbol {name}; make it static or anonymous")
    for name, isas in sorted(owners.items()):
        if len(isas) > 1:
            where = ", ".join(sorted(isas))
            problems.append(f"{name} is defined for {where}; name it by instruction set")
    return problems


def check_rooms(build: Path) -> list[str]:
    """Checks that pure rooms reach no clock, socket, thread, entropy or file.

    Args:
        build: The CMake build folder.

    Returns:
        One message per violation.
    """
    problems = []
    for room in PURE_ROOMS:
        objects = [
            path
            for path in sorted(build.glob(f"**/bb_{room}.dir/**/*.o"))
            if not path.name.endswith(".pb.cc.o")
        ]
        for path, _, name in symbols(objects, "-C", "--undefined-only"):
            for what, pattern in FORBIDDEN.items():
                if re.fullmatch(pattern, name):
                    where = f"{room}/{path.stem}"
                    problems.append(f"{where}: {what}: {name}; pass it in as an argument")
    return problems


def main(arguments: list[str]) -> int:
    """Runs both checks.

    Args:
        arguments: The build folder.

    Returns:
        0 if all is well, 1 after printing violations, 2 for wrong usage.
    """
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: check_objects.py BUILD_DIR (an existing build folder)", file=sys.stderr)
        return 2
    build = Path(arguments[0])
    problems = check_kernels(build) + check_rooms(build)
    for problem in problems:
        print(problem)
    print(f"check_objects: {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
