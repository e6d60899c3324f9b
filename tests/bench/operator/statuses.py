"""The statuses of all patterns as the API server tells them, and since when they are right."""

import threading
import time

from pods import COUNTS, GROUP, KINDS, key_of

SHOWN = 5


class Wrong(Exception):
    """Statuses did not become what they have to be."""


class Statuses:
    """Watches all patterns, each event with the time of its arrival."""

    def __init__(self, api):
        self.changed = threading.Condition()
        self.patterns = {}  # by key
        self.last_event = time.monotonic()
        self.failure = None
        self.is_right = None
        self.wrong = set()
        for plural in KINDS.values():
            items, version = api.list(f"{GROUP}/{plural}")
            for pattern in items:
                self.patterns[key_of(pattern)] = pattern
            threading.Thread(target=self.follow, args=(api, plural, version), daemon=True).start()

    def follow(self, api, plural, version):
        try:
            for _, pattern in api.watch(f"{GROUP}/{plural}", version):
                with self.changed:
                    self.take(key_of(pattern), pattern, time.monotonic())
            raise ConnectionError("the API server has ended the watch")
        except Exception as error:  # said by who waits
            with self.changed:
                self.failure = error
                self.changed.notify_all()

    def take(self, key, pattern, now):
        self.patterns[key] = pattern
        self.last_event = now
        if self.is_right is None:
            return
        was_wrong = bool(self.wrong)
        (self.wrong.discard if self.is_right(key, pattern) else self.wrong.add)(key)
        if was_wrong and not self.wrong:
            self.right_since = now
            self.changed.notify_all()

    def expect(self, is_right):
        """is_right(key, pattern) says whether a pattern is as it has to be."""
        with self.changed:
            self.is_right = is_right
            self.wrong = {key for key, p in self.patterns.items() if not is_right(key, p)}
            self.right_since = self.last_event

    def wait(self, seconds):
        """The time at which the last of them became right."""
        with self.changed:
            self.changed.wait_for(lambda: self.failure or not self.wrong, seconds)
            if self.failure:
                raise Wrong(f"the statuses cannot be watched: {self.failure}")
            if self.wrong:
                raise Wrong(f"after {seconds} s, {len(self.wrong)} of {len(self.patterns)} statuses "
                            f"are not as they have to be: {self.examples()}")
            return self.right_since

    def examples(self):
        return "; ".join(f"{'/'.join(key)} has {counts_of(self.patterns[key])}"
                         for key in sorted(self.wrong)[:SHOWN])

    def pattern(self, key):
        with self.changed:
            return self.patterns[key]


def counts_of(pattern):
    counted = pattern.get("status", {}).get("pods", {})
    return {count: counted.get(count) for count in COUNTS}


def is_cleared(_, pattern):
    return not pattern.get("status")


def counts(truth):
    """Complete, and true."""
    def is_right(key, pattern):
        status = pattern.get("status", {})
        return (counts_of(pattern) == truth[key] and bool(status.get("conditions"))
                and status.get("observedGeneration") == pattern["metadata"]["generation"])
    return is_right
