"""The operator under test, what it asks, and the proxy between it and the API server."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")
END_SECONDS = 15
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def cpu_of(process):
    """Seconds, those of threads that have ended among them."""
    with open(f"/proc/{process}/stat", encoding="utf-8") as text:
        fields = text.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def busy():
    """Seconds that all cores together have spent on anything."""
    with open("/proc/stat", encoding="utf-8") as text:
        user, nice, system, _, _, irq, soft_irq, steal = map(int, text.readline().split()[1:9])
    return (user + nice + system + irq + soft_irq + steal) / TICK


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Process:
    def __init__(self, command, log):
        with open(log, "ab") as output:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                          stderr=output)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def is_running(self):
        return self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid


class Operator(Process):
    def __init__(self, program, kubeconfig, log):
        self.port = free_port()
        self.began = time.monotonic()
        super().__init__([program, f"--kubeconfig={kubeconfig}", "--bind-address=127.0.0.1",
                          f"--port={self.port}"], log)

    def memory(self):
        """(resident, the most so far) in MB"""
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as text:
            status = text.read()
        return tuple(int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M).group(1)) * 1024 / 1e6
                     for name in ("VmRSS", "VmHWM"))

    def metric(self, start):
        """The series whose line begins so."""
        with NO_PROXY.open(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(start):
                    return float(line.rpartition(" ")[2])
        raise LookupError(f"the operator has no metric {start}")


class Proxy(Process):
    """tests/e2e/tcp_proxy.py"""

    def __init__(self, program, port, target_port, log):
        super().__init__([sys.executable, program, str(port), str(target_port)], log)

    def cut(self, dark_seconds):
        self.child.send_signal(signal.SIGUSR1)
        time.sleep(dark_seconds)
        self.child.send_signal(signal.SIGUSR2)


class AuditLog:
    """What the operator has asked since the last look, from the API server's audit log.

    Upkeep is what comes round by the clock, whatever happens: the Lease and the webhook's certificate.
    """

    UPKEEP = {"leases", "secrets", "mutatingwebhookconfigurations", "validatingwebhookconfigurations"}

    def __init__(self, file):
        self.file = open(file, encoding="utf-8")
        self.seen = set()
        self.rest = ""

    def new(self):
        """`verb resource`, one for each request; (upkeep, watches, all others)"""
        upkeep, watches, others = [], [], []
        lines = (self.rest + self.file.read()).split("\n")
        self.rest = lines.pop()
        for event in map(json.loads, lines):
            if event["auditID"] in self.seen:  # a watch has two stages
                continue
            self.seen.add(event["auditID"])
            what = event.get("objectRef", {})
            resource = "/".join(filter(None, (what.get("resource"), what.get("subresource"))))
            group = (upkeep if what.get("resource") in self.UPKEEP else
                     watches if event["verb"] == "watch" else others)
            group.append(f"{event['verb']} {resource or event['requestURI']}")
        return upkeep, watches, others
