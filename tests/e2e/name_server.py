#!/usr/bin/env python3
"""A name server that knows one name: it answers with 127.0.0.1, and that there is no other name.

usage: name_server.py ADDRESS NAME
"""

import socket
import struct
import sys

ANSWER_A = struct.pack(">HHHLH4B", 0xC00C, 1, 1, 5, 4, 127, 0, 0, 1)  # the question's name, A, IN, 5 s
NO_SUCH_NAME = 0x8403
FOUND = 0x8400  # the authority's answer


def question(query):
    """The name that is asked for, the type, and where the question ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])[0], at + 5


def answer(query, known):
    name, kind, end = question(query)
    found = ANSWER_A if name == known and kind == 1 else b""
    flags = FOUND if name == known else NO_SUCH_NAME
    return query[:2] + struct.pack(">5H", flags, 1, int(bool(found)), 0, 0) + query[12:end] + found


def main():
    address, known = sys.argv[1:]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        query, client = server.recvfrom(512)
        server.sendto(answer(query, known), client)


main()
