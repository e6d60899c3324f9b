#!/usr/bin/python3
"""A TCP proxy on 127.0.0.1 whose connections can be cut or stopped.

usage: tcp_proxy.py LISTEN_PORT TARGET_PORT

SIGUSR1 cuts all connections and refuses new ones; SIGUSR2 lets new ones through again. SIGHUP stops those that there are: they
stay open, and nothing comes through any more; new ones do.
"""

import selectors
import signal
import socket
import sys

CHUNK_BYTES = 65536


def close_pair(selector, pairs, sock):
    other = pairs.pop(sock)
    pairs.pop(other, None)
    for end in (sock, other):
        selector.unregister(end)
        end.close()


def accept(selector, pairs, listener, target_port, is_open):
    client, _ = listener.accept()
    if not is_open:
        client.close()
        return
    try:
        server = socket.create_connection(("127.0.0.1", target_port))
    except OSError:  # the API server is not there: as if the proxy were not
        client.close()
        return
    for end, other in ((client, server), (server, client)):
        pairs[end] = other
        selector.register(end, selectors.EVENT_READ)


def forward(selector, pairs, sock):
    try:
        data = sock.recv(CHUNK_BYTES)
        if data:
            pairs[sock].sendall(data)
            return
    except OSError:  # cut by the other side
        pass
    close_pair(selector, pairs, sock)


def stop_all(selector, pairs, stopped):
    for end in pairs:
        selector.unregister(end)
    stopped.update(pairs)  # who is not held is closed
    pairs.clear()


def main():
    listen_port, target_port = (int(word) for word in sys.argv[1:3])
    listener = socket.create_server(("127.0.0.1", listen_port))
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    pairs, stopped = {}, {}
    state = {"open": True, "cut": False, "stop": False}
    signal.signal(signal.SIGUSR1, lambda *_: state.update(open=False, cut=True))
    signal.signal(signal.SIGUSR2, lambda *_: state.update(open=True))
    signal.signal(signal.SIGHUP, lambda *_: state.update(stop=True))
    while True:
        for key, _ in selector.select(timeout=0.02):
            if key.fileobj is listener:
                accept(selector, pairs, listener, target_port, state["open"])
            elif key.fileobj in pairs:
                forward(selector, pairs, key.fileobj)
        if state["stop"]:
            state["stop"] = False
            stop_all(selector, pairs, stopped)
        if state["cut"]:
            state["cut"] = False
            while pairs:
                close_pair(selector, pairs, next(iter(pairs)))


if __name__ == "__main__":
    main()
