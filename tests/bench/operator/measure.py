"""Speed and size of remora-operator on a real API server; hack/bench.sh operator starts it.

usage: measure.py store --patterns FILE --count N SERVER...        Namespaces and patterns
       measure.py templates --pod FILE --templates OUT SERVER...   asks the webhook for records
       measure.py measure --templates FILE ... SERVER...

Prints lines `NAME<TAB>VALUE<TAB>UNIT`, and says on stderr how far it is. A figure that misses its
target is no failure; a status that does not become true is one, and then the exit code is 1.
"""

import argparse
import itertools
import json
import random
import statistics
import sys
import threading
import time
import urllib.parse

from api_server import MERGE_PATCH, ApiServer, Refused, each
from pods import (CREATING, GROUP, KINDS, TEAMS, create, create_all, delete, path_of, pods,
                  templates, truth)
from processes import AuditLog, Operator, Proxy, busy, cpu_of
from statuses import Statuses, Wrong, counts, is_cleared

LEASE_NAMESPACE = "remora-system"
START_SECONDS = 120
SETTLE_SECONDS = 60
EVENTS_A_SECOND = 10
CUT_EVENTS_A_SECOND = 20
DARK_SECONDS = 0.1  # the proxy refuses connections for so long
# Between two cuts: a second in the middle. At the beat of a clock the operator, which renews its Lease
# every two seconds, would meet the darkness every time or never.
BRIGHT_SECONDS = (0.6, 1.2)
LOG_TAIL_LINES = 5
STRIDE = 7  # has no factor in common with a round number
LARGE = 100_000


def figure(name, value, unit):
    print(f"{name}\t{value:.4f}\t{unit}", flush=True)


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


def at_a_rate(a_second, seconds, function, arguments):
    began = time.monotonic()
    for number, argument in zip(range(int(a_second * seconds)), arguments):
        time.sleep(max(0, began + number / a_second - time.monotonic()))
        function(argument)
    time.sleep(max(0, began + seconds - time.monotonic()))


# --- before ---------------------------------------------------------------------------------------

def store(api, options):
    with open(options.patterns, encoding="utf-8") as text:
        patterns = json.load(text)["items"][:options.count]
    for namespace in [LEASE_NAMESPACE] + [f"team-{team}" for team in range(TEAMS)]:
        api.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        api.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts",
                 {"metadata": {"name": "default"}})
    for number, pattern in enumerate(patterns):
        namespace = pattern["metadata"]["namespace"] = f"team-{number % TEAMS}"
        api.call("POST", f"{GROUP}/namespaces/{namespace}/{KINDS[pattern['kind']]}", pattern)


def make_templates(api, options):
    patterns = [pattern | {"kind": kind} for kind, plural in KINDS.items()
                for pattern in api.list(f"{GROUP}/{plural}")[0]]
    with open(options.templates, "w", encoding="utf-8") as out:
        json.dump(templates(api, options.pod, patterns), out)


# --- the measurement ------------------------------------------------------------------------------

class Bench:
    def __init__(self, api, options):
        self.api, self.options = api, options
        with open(options.templates, encoding="utf-8") as text:
            self.made = json.load(text)
        self.keys = [tuple(template["key"]) for template in self.made]
        self.statuses = Statuses(api)
        self.audit = AuditLog(options.audit_log)
        self.created = 0  # Pods with a lower number have been created

    def operator(self, kubeconfig=None):
        return Operator(self.options.operator, kubeconfig or self.options.kubeconfig,
                        self.options.operator_log)

    def new_pods(self, count):
        first, self.created = self.created, self.created + count
        return pods(self.made, first, self.created)

    def some_pods(self):
        """Of those that were there first, of different workloads; all of them before one comes again."""
        for number in itertools.count():
            serial = number * STRIDE % self.options.pods
            yield next(pods(self.made, serial, serial + 1))

    def fill(self, total):
        """Creates Pods up to `total`, and proves that the API server has them."""
        say(f"creating Pods up to {total}")
        before = truth(self.api, self.made)[1]
        posted = self.posted()
        size = create_all(self.api, self.new_pods(total - before))
        posted = self.posted() - posted
        has = truth(self.api, self.made)[1]
        if (has, posted) != (total, total - before):
            raise Wrong(f"the API server has {has} Pods and has taken {posted:.0f} more, not {total}")
        return size

    def posted(self):
        return self.api.counter("apiserver_request_total", resource="pods", verb="POST", code="201",
                                dry_run="")

    def clear(self):
        """Neither statuses nor revisions: as if no operator had ever run."""
        for namespace in sorted({namespace for _, namespace, _ in self.keys}):
            self.api.call("DELETE", f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions")
        left = self.api.list("/apis/apps/v1/controllerrevisions")[0]
        if left:
            raise Wrong(f"{len(left)} ControllerRevisions are left of the operator before")
        self.statuses.expect(is_cleared)
        each(CREATING, lambda key: self.api.call("PATCH", path_of(key) + "/status",
                                                 {"status": None}, MERGE_PATCH), self.keys)
        self.statuses.wait(SETTLE_SECONDS)

    def expect_truth(self):
        right, count = truth(self.api, self.made)
        self.statuses.expect(counts(right))
        return count

    def settle(self):
        self.expect_truth()
        return self.statuses.wait(SETTLE_SECONDS)

    def starts(self):
        """(the last operator, for the caller to end; seconds, memory, most memory, CPU seconds, requests)"""
        measured = []
        for number in range(self.options.starts):
            self.clear()
            count = self.expect_truth()
            self.audit.new()
            operator = self.operator()
            try:
                took = self.statuses.wait(START_SECONDS) - operator.began
                cpu, memory = cpu_of(operator.pid), operator.memory()
                in_memory = operator.metric("remora_pods ")
                if in_memory != count:
                    raise Wrong(f"the operator has {in_memory:.0f} Pods in memory, not {count}")
            except BaseException:
                operator.__exit__()
                raise
            _, watches, others = self.audit.new()
            measured.append((took, *memory, cpu, len(watches) + len(others)))
            say(f"start {number + 1} with {count} Pods: {took:.2f} s, {memory[0]:.1f} MB")
            if number < self.options.starts - 1:
                operator.__exit__()
        return operator, *map(statistics.median, zip(*measured))

    def start_figures(self, total):
        operator, took, memory, most, cpu, requests = self.starts()
        name = f"operator/{total}-pods"
        figure(f"{name}/complete", took * 1000, "ms")
        figure(f"{name}/rss", memory, "MB")
        figure(f"{name}/rss-peak", most, "MB")
        figure(f"{name}/cpu", cpu * 1000, "ms")
        figure(f"{name}/requests", requests, "a start")
        return operator, (took * 1000, memory, most)

    def steady(self, operator, name, events=None):
        say(f"steady, {name}: {self.options.seconds} s")
        processes = [operator.pid, "self", *self.options.process]
        self.audit.new()
        began, cpu = time.monotonic(), cpu_of(operator.pid)
        others = busy() - sum(map(cpu_of, processes))
        if events:
            at_a_rate(EVENTS_A_SECOND, self.options.seconds, events, self.some_pods())
        else:
            time.sleep(self.options.seconds)
        seconds = time.monotonic() - began
        figure(f"operator/steady/{name}", 100 * (cpu_of(operator.pid) - cpu) / seconds, "%")
        upkeep, _, asked = self.audit.new()
        figure(f"operator/steady/{name}/requests", len(asked) * 60 / seconds, "a minute")
        if not events:
            figure(f"operator/steady/{name}/upkeep-requests", len(upkeep) * 60 / seconds, "a minute")
            others = busy() - sum(map(cpu_of, processes)) - others
            figure("machine/others", 100 * others / seconds, "%")
        self.settle()

    def touch(self, pod):
        change = {"metadata": {"annotations": {"example.test/touched": str(time.time())}}}
        self.api.call("PATCH", f"/api/v1/namespaces/{pod[0]}/pods/{pod[1]}", change, MERGE_PATCH)

    def renew(self, pod):
        delete(self.api, pod)
        create(self.api, pod)

    def burst(self):
        say(f"creating {self.options.burst} Pods at once")
        some = list(self.new_pods(self.options.burst))
        planned = truth(self.api, self.made, some)
        self.statuses.expect(counts(planned[0]))
        began = time.monotonic()
        create_all(self.api, some)
        last = time.monotonic()
        counted = self.statuses.wait(SETTLE_SECONDS)
        figure("operator/burst/created", (last - began) * 1000, "ms")
        figure("operator/burst/counted", max(0, counted - last) * 1000, "ms")
        if truth(self.api, self.made) != planned:
            raise Wrong("the API server does not have what was created")

    def edits(self):
        """Requests from the edit of a pattern until nothing more is asked because of it."""
        numbers = []
        for number in range(self.options.edits):
            key = self.keys[number * len(self.keys) // self.options.edits]
            self.quiet()
            self.edit(key, {"container": {"image": f"registry.example.test/edited:{number}"}})
            asked = self.quiet()
            numbers.append(len(asked))
            say(f"edit of {'/'.join(key)}: {', '.join(asked)}")
        self.settle()
        figure("operator/edit/requests", max(numbers), "an edit")

    def edits_of_one(self):
        """Requests of edits of one pattern, one after the other, whose history is full."""
        key, edits = self.keys[0], self.options.edits_of_one
        self.edit(key, {"revisionHistoryLimit": 1})
        for number in range(2):
            self.edit(key, {"container": {"image": f"registry.example.test/full:{number}"}})
        self.quiet()
        for number in range(edits):
            self.edit(key, {"container": {"image": f"registry.example.test/one:{number}"}})
        asked = self.quiet()
        say(f"{edits} edits of {'/'.join(key)}: {len(asked)} requests")
        self.settle()
        figure("operator/edits-of-one/requests", len(asked) / edits, "an edit")

    def edit(self, key, spec):
        """Returns when the status speaks of it."""
        edited = self.api.call("PATCH", path_of(key), {"spec": spec}, MERGE_PATCH)["metadata"]
        self.statuses.expect(lambda k, p: k != key or (
            p["metadata"]["generation"] == edited["generation"]
            == p.get("status", {}).get("observedGeneration")))
        self.statuses.wait(SETTLE_SECONDS)

    def quiet(self):
        """What has been asked until nothing more is for a while; without upkeep and watches."""
        asked, since = [], time.monotonic()
        while time.monotonic() - since < self.options.quiet_seconds:
            time.sleep(0.1)
            _, _, others = self.audit.new()
            if others:
                asked, since = asked + others, time.monotonic()
        return asked

    def cuts(self):
        """Pods come and go while no connection lives longer than a second."""
        say(f"cutting all connections once a second for {self.options.cut_seconds} s")
        self.clear()
        target = urllib.parse.urlsplit(self.options.server).port
        log = self.options.operator_log
        with Proxy(self.options.proxy, self.options.proxy_port, target, log) as proxy, \
                self.operator(self.options.proxied_kubeconfig) as operator:
            self.settle()
            calls = {what: operator.metric(f'remora_reflector_{what}_total{{resource="pods"}}')
                     for what in ("lists", "watches")}
            before = truth(self.api, self.made)
            with CutEverySecond(proxy):
                at_a_rate(CUT_EVENTS_A_SECOND, self.options.cut_seconds, self.replace,
                          zip(self.new_pods(self.options.cut_seconds * CUT_EVENTS_A_SECOND),
                              self.some_pods()))
            ended = time.monotonic()
            right, count = truth(self.api, self.made)
            if (right, count) == before:
                raise Wrong("no Pod came or went while connections were cut")
            if not operator.is_running():
                raise Wrong("the operator has ended while connections were cut")
            self.statuses.expect(counts(right))
            try:
                settled = self.statuses.wait(SETTLE_SECONDS)
            finally:
                figure("operator/cuts/wrong", len(self.statuses.wrong), "patterns")
            if operator.metric("remora_pods ") != count:
                raise Wrong(f"the operator does not have the {count} Pods of the API server")
            figure("operator/cuts/right-again", max(0, settled - ended) * 1000, "ms")
            for what, number in calls.items():
                new = operator.metric(f'remora_reflector_{what}_total{{resource="pods"}}') - number
                figure(f"operator/cuts/{what}", new, "of Pods")

    def replace(self, pods_of_turn):
        """One more, and one of those that were there less, but for every other time."""
        new, old = pods_of_turn
        create(self.api, new)
        if old[1][-1] in "02468":
            delete(self.api, old)


class CutEverySecond:
    def __init__(self, proxy):
        self.proxy, self.ends = proxy, threading.Event()
        self.random = random.Random(1)
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ends.wait(self.random.uniform(*BRIGHT_SECONDS)):
            self.proxy.cut(DARK_SECONDS)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


def extrapolate(sizes, values):
    """On the line through both."""
    slope = (values[1] - values[0]) / (sizes[1] - sizes[0])
    return values[0] + slope * (LARGE - sizes[0])


def bytes_a_pod(sizes, megabytes):
    """Of resident memory, for each of the Pods that the larger start has more."""
    return (megabytes[1] - megabytes[0]) * 1e6 / (sizes[1] - sizes[0])


def measure(api, options):
    bench = Bench(api, options)
    size = bench.fill(options.pods)
    figure("operator/pod", size, "bytes")
    operator, small = bench.start_figures(options.pods)
    with operator:
        bench.steady(operator, "idle")
        bench.steady(operator, "touched", bench.touch)
        bench.steady(operator, "renewed", bench.renew)
        bench.burst()
        bench.edits()
        bench.edits_of_one()
        figure("operator/after-all/rss", operator.memory()[0], "MB")
    bench.cuts()
    bench.fill(options.more_pods)
    operator, large = bench.start_figures(options.more_pods)
    operator.__exit__()
    figure("operator/bytes-a-pod", bytes_a_pod((options.pods, options.more_pods),
                                               (small[1], large[1])), "bytes")
    for name, unit, values in zip(("complete", "rss", "rss-peak"), ("ms", "MB", "MB"),
                                  zip(small, large)):
        figure(f"operator/{LARGE}-pods-extrapolated/{name}",
               extrapolate((options.pods, options.more_pods), values), unit)


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("command", choices=("store", "templates", "measure"))
    for name in ("server", "pki"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("patterns", "pod", "templates", "operator", "operator-log", "kubeconfig",
                 "proxied-kubeconfig", "proxy", "audit-log"):
        parser.add_argument(f"--{name}")
    for name in ("count", "proxy-port", "pods", "more-pods", "starts", "seconds", "burst", "edits", "edits-of-one",
                 "cut-seconds", "quiet-seconds"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--process", action="append", type=int, default=[],
                        help="process id of etcd or the API server: its CPU is not that of others")
    return parser.parse_args()


def main():
    options = arguments()
    api = ApiServer(options.server, options.pki)
    commands = {"store": store, "templates": make_templates, "measure": measure}
    try:
        commands[options.command](api, options)
    except (Wrong, Refused) as error:
        if options.operator_log:
            with open(options.operator_log, encoding="utf-8") as log:
                sys.stderr.writelines(log.readlines()[-LOG_TAIL_LINES:])
        sys.exit(f"measure.py: {error}")


if __name__ == "__main__":
    main()
