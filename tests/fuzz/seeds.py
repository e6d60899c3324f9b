"""Makes seeds for the fuzzers from the golden cases, so that there are no copies of them.

usage: seeds.py FOLDER    one folder for each fuzzer is made in it
"""

import json
import pathlib
import sys

import yaml

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is ten times as fast
LARGEST = 8192  # as hack/fuzz.sh limits what is tried
STATUS = "patterns.remora.dev/status"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def review(pod):
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": "shop",
            "operation": "CREATE",
            "object": pod,
        },
    }


def records(case):
    """What stands in the record of the case's Pod, before or after."""
    pod = json.loads((case / "pod.json").read_text())
    yield (pod["metadata"].get("annotations") or {}).get(STATUS)
    patch = case / "want.patch.json"
    if not patch.exists():
        return
    for operation in json.loads(patch.read_text()):
        if operation["path"] == "/metadata/annotations":
            yield operation["value"].get(STATUS)
        if operation["path"].endswith("~1status"):
            yield operation["value"]


def seeds():
    """(fuzzer, name, text) of each."""
    for number, case in enumerate(sorted((GOLDEN / "injection").iterdir())):
        pod = json.loads((case / "pod.json").read_text())
        yield "review", case.name, compact(pod if number % 2 else review(pod))
        annotations = pod["metadata"].get("annotations") or {}
        lines = [f"{key}={value}" for key, value in annotations.items() if key != STATUS]
        yield "annotations", case.name, "\n".join(lines)
        for record in filter(None, records(case)):
            yield "record", case.name, record + chr(32 + number % 95)
    for file in sorted(GOLDEN.glob("**/*.yaml")):
        for document in yaml.load_all(file.read_text(), LOADER):
            if isinstance(document, dict) and document.get("kind") in (
                "Sidecar",
                "Ambassador",
                "Adapter",
            ):
                yield "pattern", f"{file.parent.parent.name}-{file.stem}", compact(document)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    for fuzzer, name, text in seeds():
        if 0 < len(text.encode()) <= LARGEST:
            (folder / fuzzer).mkdir(parents=True, exist_ok=True)
            (folder / fuzzer / name).write_text(text)


if __name__ == "__main__":
    main()
