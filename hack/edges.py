#!/usr/bin/python3
"""Checks that every #include of the repository's C++ is allowed by a file of rules.

usage: edges.py RULES ROOT FILE...

RULES explains its own format (tests/edges.txt). FILEs are relative to ROOT. Prints
`file:line: why` for each include that is not allowed; the exit code is 1 if there is one, and 2 if
RULES cannot be read.
"""

import os
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
OWN_FOLDERS = ("operator/", "webhook/", "tests/")
ANYTHING = "*"


def read_rules(path):
    rules = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            place, colon, words = line.partition(":")
            if not colon or not words.strip():
                print(f"{path}:{number}: expected `PLACE: WORD...`", file=sys.stderr)
                sys.exit(2)
            rules.setdefault(place, []).extend(words.split())
    return rules


def begins_with(header, word):
    """Whether the path `header` is `word`, in the folder `word`, or `word` without its ending."""
    return header == word or header.startswith((word + "/", word + "."))


def is_standard(header):
    return "/" not in header and "." not in header


def module_of_internal(header):
    folder, found, _ = header.partition("/internal/")
    return folder if found else None


def complaint_about(file, header, quoted, rules):
    """A sentence, or None when `file` may include `header`."""
    in_tests = file.startswith("tests/")
    if os.path.basename(header) == "main.cc":
        return "nothing includes a main.cc"
    if header.startswith("tests/") and not in_tests:
        return "production code never includes tests/"
    module = module_of_internal(header)
    if module and not in_tests and not file.startswith(module + "/"):
        return f"{header} belongs to {module}/ alone"
    if quoted and not header.startswith(OWN_FOLDERS):
        return "our own headers are named from the repository's root"
    places = [place for place in rules if file.startswith(place)]
    words = [word for place in places for word in rules[place]]
    if not places:
        return "no rule speaks of this file's folder"
    if is_standard(header):
        return "this file may not use it" if "!" + header in words else None
    words += [place.rstrip("/") for place in places if place.endswith("/")]
    if ANYTHING in words or any(begins_with(header, word) for word in words):
        return None
    return f"this file may include only {' '.join(w for w in words if w[0] != '!')}"


def complaints(root, file, rules):
    with open(os.path.join(root, file), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            include = INCLUDE.match(line)
            if not include:
                continue
            complaint = complaint_about(file, include[2], include[1] == '"', rules)
            if complaint:
                yield f"{file}:{number}: {include[2]}: {complaint}"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        rules = read_rules(sys.argv[1])
    except OSError as error:
        print(f"edges.py: {error}", file=sys.stderr)
        sys.exit(2)
    found = [c for file in sys.argv[3:] for c in complaints(sys.argv[2], file, rules)]
    for complaint in found:
        print(complaint)
    sys.exit(1 if found else 0)


main()
