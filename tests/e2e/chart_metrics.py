#!/usr/bin/python3
"""What the chart's alerts and dashboard ask for, held against what the programs say.

  chart_metrics.py rules RULE          prints the groups of a PrometheusRule without the descriptions
  chart_metrics.py queries RULE DASHBOARD
                                 prints all queries as a file of recording rules, for promtool to read
  chart_metrics.py exist RULE DASHBOARD EXPOSITION...
                                 says which metrics, labels and values of a label in the queries are in none of the expositions
  chart_metrics.py cases RULE TESTS    says which alert has no case that fires or none that does not

RULE is a PrometheusRule, DASHBOARD a ConfigMap with one, both as Helm renders them. Exit code: 0 fine, 1 something is wrong.
"""

import json
import re
import sys

import yaml

# What a Prometheus adds to every series, and what a query makes of one.
GIVEN_LABELS = {"job", "instance", "le"}
METRIC = re.compile(r"\b(remora_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$")


def groups_of(rule):
    with open(rule, encoding="utf-8") as text:
        return yaml.safe_load(text)["spec"]["groups"]


def alerts_of(rule):
    return [alert for group in groups_of(rule) for alert in group["rules"]]


def queries_of(rule, dashboard):
    """(where, query), the variables of Grafana replaced."""
    for alert in alerts_of(rule):
        yield alert["alert"], alert["expr"]
    with open(dashboard, encoding="utf-8") as text:
        (file,) = yaml.safe_load(text)["data"].values()
    for panel in json.loads(file)["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def print_rules(rule):
    groups = groups_of(rule)
    for group in groups:
        for alert in group["rules"]:
            del alert["annotations"]["description"]
    yaml.safe_dump({"groups": groups}, sys.stdout)


def print_queries(rule, dashboard):
    rules = [{"record": f"query:{i}", "expr": query} for i, (_, query) in enumerate(queries_of(rule, dashboard))]
    yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}, sys.stdout)


def read_expositions(paths):
    """{metric: {label: {value}}}"""
    known = {}
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                series = SERIES.match(line.strip())
                if not series:
                    continue
                labels = known.setdefault(series.group(1), {})
                for name, _, value in MATCHER.findall(series.group(2) or ""):
                    labels.setdefault(name, set()).add(value)
    return known


def complaints_about(query, known):
    names = METRIC.findall(query)
    if not names:
        yield "asks for no metric of ours"
    labels = set(GIVEN_LABELS)
    for name, matchers in names:
        if name not in known:
            yield f"there is no metric {name}"
            continue
        labels |= known[name].keys()
        for label, operator, value in MATCHER.findall(matchers):
            values = value.split("|") if operator.endswith("~") else [value]
            for wanted in values:
                if wanted not in known[name].get(label, set()):
                    yield f"there is no {name} with {label}={wanted}"
    for grouping in GROUPING.findall(query):
        for label in re.findall(r"\w+", grouping):
            if label not in labels:
                yield f"no metric in it has the label {label}"


def complain(complaints):
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def check_existence(rule, dashboard, *expositions):
    known = read_expositions(expositions)
    queries = list(queries_of(rule, dashboard))
    print(f"{len(queries)} queries, {len(known)} metrics")
    return complain([f"{where}: {complaint}" for where, query in queries for complaint in complaints_about(query, known)])


def check_cases(rule, tests):
    firing, silent = set(), set()
    with open(tests, encoding="utf-8") as text:
        for test in yaml.safe_load(text)["tests"]:
            for case in test["alert_rule_test"]:
                (firing if case["exp_alerts"] else silent).add(case["alertname"])
    names = [alert["alert"] for alert in alerts_of(rule)]
    print(f"{len(names)} alerts")
    return complain([f"{name} has no case that {what}" for what, cases in (("fires", firing), ("is silent", silent))
                     for name in names if name not in cases])


COMMANDS = {"rules": print_rules, "queries": print_queries, "exist": check_existence, "cases": check_cases}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
