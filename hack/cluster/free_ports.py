#!/usr/bin/python3
"""Prints COUNT TCP ports of 127.0.0.1 that are free, and that stay reserved for a minute.

usage: free_ports.py COUNT

Port 0 would do, but for two things:
  - the kernel takes such ports from the range that it also uses for outgoing connections, and the
    API server opens a hundred of those to etcd before the last program listens: so take a random
    port below that range;
  - two clusters that come up at once must not be given the same port: a connection that is closed
    on the server's side leaves the port in TIME_WAIT, where this script's bind fails, and that of
    a server (with SO_REUSEADDR) does not.
"""

import random
import socket
import sys

LOWEST = 20000
OUTGOING_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
ATTEMPTS_PER_PORT = 100


def reserve(port):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        # After the bind, which should fail; for the connection, whose port a server may then reuse.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.listen(1)
        with socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            server.close()
            client.recv(1)  # sees the end: the server's side was the first to close


def main():
    with open(OUTGOING_RANGE, encoding="ascii") as file:
        first_outgoing = int(file.read().split()[0])
    highest = first_outgoing - 1 if first_outgoing > LOWEST + 1000 else 65535
    wanted = int(sys.argv[1])
    ports = []
    for _ in range(wanted * ATTEMPTS_PER_PORT):
        if len(ports) == wanted:
            break
        port = random.randint(LOWEST, highest)
        try:
            reserve(port)
        except OSError:
            continue
        ports.append(port)
    if len(ports) < wanted:
        sys.exit(f"free_ports.py: {LOWEST} to {highest} have {len(ports)} of {wanted} free ports")
    print(*ports)


if __name__ == "__main__":
    main()
