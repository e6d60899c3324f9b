"""What the benchmarks print, made into figures with targets.

usage: figures.py engine FILE        Google Benchmark's JSON as lines `NAME<TAB>VALUE<TAB>UNIT`
       figures.py report FILE [JSON] such lines as a table, and into JSON one object a line: name,
                                     value, unit, target, met
       figures.py markdown JSON...   those with a target, as they stand in README.md
"""

import json
import sys

# The first pattern that fits counts; `*` stands for one part of a name.
TARGETS = [
    ("engine/8k/first", "<=", 10),
    ("engine/60k/first", "<=", 60),
    ("engine/8k/second", "<=", 5),
    ("engine/8k-in-all/second", "<=", 5),
    ("engine/*/*/allocations", "==", 0),
    ("engine/*/*/*/allocations", "==", 0),
    ("engine/growth-to-10000-patterns", "<=", 1.1),  # none, but for noise
    ("ratio/8k/*/requests-a-cpu-second", ">=", 4),
    ("ratio/60k/*/requests-a-cpu-second", ">=", 6),
    ("ratio/8k/16/p99", "<=", 0.25),
    ("ratio/60k/16/p99", "<=", 0.25),
    ("webhook/1000-patterns/rss", "<=", 20),
    ("webhook/1000-patterns/rss-after-load", "<=", 20),
    ("webhook/1000-patterns/ready", "<=", 500),
    ("creation/webhook-to-policy", "<=", 1),
    ("creation/webhook-to-policy-once", "<=", 1),
    ("operator/10000-pods/complete", "<=", 5000),
    ("operator/10000-pods/rss", "<=", 60),
    ("operator/10000-pods/rss-peak", "<=", 60),
    ("operator/steady/idle", "<=", 1),
    ("operator/steady/touched", "<=", 1),
    ("operator/steady/renewed", "<=", 1),
    ("operator/burst/counted", "<=", 2000),
    ("operator/edit/requests", "<=", 3),
    ("operator/edits-of-one/requests", "==", 3),
    ("operator/bytes-a-pod", "<=", 1024),
    ("operator/cuts/wrong", "==", 0),
]
BASELINE, BASELINE_CPU, BASELINE_TOLERANCE = "baseline/8k/16/cpu", 190, 0.25
WORDS = {True: "met", False: "MISSED", None: "void"}
IDLE_PERCENT = 10  # of a core, spent by others: beyond it the machine is not idle


def fits(pattern, name):
    parts, names = pattern.split("/"), name.split("/")
    return len(parts) == len(names) and all(p in ("*", n) for p, n in zip(parts, names))


def target_of(name):
    return next(((op, limit) for pattern, op, limit in TARGETS if fits(pattern, name)), None)


def is_met(value, target):
    operator, limit = target
    return {"<=": value <= limit, ">=": value >= limit, "==": value == limit}[operator]


def engine(file):
    with open(file, encoding="utf-8") as text:
        runs = json.load(text)["benchmarks"]
    runs.sort(key=lambda run: run["family_index"])  # they were run in another order
    median = {run["run_name"]: run for run in runs if run["aggregate_name"] == "median"}
    time = {name: run["cpu_time"] / 1000 for name, run in median.items()}
    for name, run in median.items():
        if not name.startswith("phase/"):
            print(f"{name}\t{time[name]:.4g}\tus")
            print(f"{name}/allocations\t{run['allocations']:g}\ta request")
    companion = "engine/8k/one-companion"
    growth = time[f"{companion}/10000-patterns"] / time[f"{companion}/1-pattern"]
    print(f"engine/growth-to-10000-patterns\t{growth:.3g}\tx")
    for size in ("8k", "60k"):
        phases = phases_of(size, time)
        for phase, value in phases.items():
            print(f"phase/{size}/{phase}\t{value:.3g}\tus")
        for phase in ("read", "write"):
            count = median[f"phase/{size}/{phase}"]["allocations"]
            print(f"phase/{size}/{phase}/allocations\t{count:g}\ta request")
        count = median[f"phase/{size}/facts+match"]["allocations"]
        print(f"phase/{size}/match/allocations\t{count:g}\ta request")


def phases_of(size, time):
    read, write = time[f"phase/{size}/read"], time[f"phase/{size}/write"]
    match = time[f"phase/{size}/facts+match"] - time[f"phase/{size}/facts"]
    plan = time[f"engine/{size}/first"] - read - match - write
    return {"read": read, "match": match, "plan": plan, "write": write}


def read_figures(file):
    figures = []
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            name, value, unit = line.rstrip("\n").split("\t")
            target = target_of(name)
            figures.append({
                "name": name,
                "value": float(value),
                "unit": unit,
                "target": f"{target[0]} {target[1]:g}" if target else None,
                "met": is_met(float(value), target) if target else None,
            })
    return figures


def void_ratios(figures):
    """A sentence, if what Remora is compared with is not what the targets were set for."""
    value = {figure["name"]: figure["value"] for figure in figures}
    if BASELINE not in value:
        return None
    cpu = value[BASELINE]
    if abs(cpu - BASELINE_CPU) <= BASELINE_TOLERANCE * BASELINE_CPU:
        return None
    for figure in figures:
        if figure["name"].startswith("ratio/") and figure["target"]:
            figure["met"] = None
    idle = value.get("machine/others", 0) <= IDLE_PERCENT
    return (f"The ratios to the baseline are void: it takes {cpu:.0f} us CPU a request of 8 KB, which is "
            f"not within 25 % of {BASELINE_CPU} us, on a machine that is {'idle' if idle else 'not idle'}.")


def shown(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def markdown(*files):
    print("| figure | value | target | |\n|---|---|---|---|")
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for figure in map(json.loads, lines):
                if figure["target"]:
                    print(f"| {figure['name']} | {shown(figure['value'])} {figure['unit']} "
                          f"| {figure['target']} | {WORDS[figure['met']]} |")


def report(file, json_file=None):
    figures = read_figures(file)
    void = void_ratios(figures)
    if json_file:
        with open(json_file, "w", encoding="utf-8") as out:
            for figure in figures:
                out.write(json.dumps(figure) + "\n")
    width = max(len(figure["name"]) for figure in figures)
    for figure in figures:
        end = f"  {figure['target']:>8}  {WORDS[figure['met']]}" if figure["target"] else ""
        print(f"{figure['name']:<{width}}  {shown(figure['value']):>9} {figure['unit']:<11}{end}".rstrip())
    if void:
        print(f"\n{void}")
    others = next((f["value"] for f in figures if f["name"] == "machine/others"), 0)
    if others > IDLE_PERCENT:
        print(f"\nOther processes took {others:.0f} % of a core meanwhile: the machine was not idle.")
    with_target = [figure["met"] for figure in figures if figure["target"]]
    print(f"\n{with_target.count(True)} targets met, {with_target.count(False)} missed, "
          f"{with_target.count(None)} void")


def main():
    commands = {"engine": engine, "report": report, "markdown": markdown}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
