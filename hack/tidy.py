#!/usr/bin/python3
"""Runs clang-tidy on C++ sources, those of them that have changed since it was content with them.

usage: tidy.py COMPILE_COMMANDS CACHE FILE...

FILEs are relative to the current folder, the root of the repository. A file that clang-tidy has
nothing to say about leaves an empty file in the folder CACHE, named by a hash of all that the
answer depends on: clang-tidy's version, .clang-tidy, the compile command, the source, and every
header of the repository that it includes, directly or not. Prints what clang-tidy says, and a line
for each file. The exit code is 1 if it says anything.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
ENTRY_DAYS = 30  # after that, an entry that was not used goes

# Options of g++ that clang does not know, and ccache, which clang-tidy is not to run.
UNKNOWN_TO_CLANG = {"-fpch-preprocess", "-Winvalid-pch"}


def clean_command(entry):
    """The compile command as clang understands it."""
    arguments = shlex.split(entry["command"])
    compiler = next(i for i, a in enumerate(arguments) if a.endswith(("c++", "g++", "clang++")))
    kept = [a for a in arguments[compiler:] if a not in UNKNOWN_TO_CLANG]
    return kept[:1] + ["-Wno-everything"] + kept[1:]


def with_headers(source):
    """`source` and the repository's headers that it includes, sorted."""
    seen, to_read = set(), [source]
    while to_read:
        file = to_read.pop()
        if file in seen or not os.path.isfile(file):
            continue
        seen.add(file)
        with open(file, encoding="utf-8") as text:
            to_read += INCLUDE.findall(text.read())
    return sorted(seen)


def hash_of_inputs(source, command, tool_version):
    digest = hashlib.sha256()
    digest.update(tool_version.encode())
    # The folder of the repository is no part of the answer.
    digest.update(" ".join(command).replace(os.getcwd(), "").encode())
    for file in [".clang-tidy"] + with_headers(source):
        digest.update(file.encode() + b"\0" + pathlib.Path(file).read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def tidy(source, database):
    started = time.monotonic()
    done = subprocess.run(
        ["clang-tidy", "--quiet", "-p", database, os.path.abspath(source)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    # It counts the warnings that it does not show on stderr; only with a failure is that of use.
    said = done.stdout + (done.stderr if done.returncode and not done.stdout else "")
    return source, done.returncode == 0 and not said, said, time.monotonic() - started


def remove_old_entries(cache):
    oldest = time.time() - ENTRY_DAYS * 24 * 3600
    for entry in cache.iterdir():
        if entry.stat().st_mtime < oldest:
            entry.unlink()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as text:
        entries = {os.path.relpath(e["file"]): e for e in json.load(text)}
    cache = pathlib.Path(sys.argv[2])
    cache.mkdir(parents=True, exist_ok=True)
    sources = sys.argv[3:]
    unknown = [s for s in sources if s not in entries]
    for source in unknown:
        print(f"{source}: no CMakeLists.txt names it")
    sources = [s for s in sources if s in entries]
    commands = {s: clean_command(entries[s]) for s in sources}
    tool_version = subprocess.run(["clang-tidy", "--version"], stdout=subprocess.PIPE, text=True,
                                  check=True).stdout
    keys = {s: hash_of_inputs(s, commands[s], tool_version) for s in sources}
    changed = [s for s in sources if not (cache / keys[s]).exists()]
    for source in set(sources) - set(changed):
        (cache / keys[source]).touch()
    print(f"{len(sources) - len(changed)} files are unchanged", flush=True)

    complaints = len(unknown)
    with tempfile.TemporaryDirectory() as database:
        with open(os.path.join(database, "compile_commands.json"), "w", encoding="utf-8") as text:
            json.dump([{"directory": entries[s]["directory"], "file": os.path.abspath(s),
                        "arguments": commands[s]} for s in sources], text)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            running = [pool.submit(tidy, s, database) for s in changed]
            for number, done in enumerate(concurrent.futures.as_completed(running), 1):
                source, content, said, seconds = done.result()
                if content:
                    (cache / keys[source]).touch()
                else:
                    complaints += 1
                    print(said)
                print(f"[{number}/{len(changed)}] {source}: {'fine' if content else 'complaints'}"
                      f" after {seconds:.0f} s", flush=True)
    remove_old_entries(cache)
    sys.exit(1 if complaints else 0)


main()
