#!/usr/bin/python3
"""crds/REFERENCE.md, which is made of the CRDs, of the reasons and annotation keys in operator/api/, and of the conditions that the
operator writes, and of the references that the compiler knows; and the table of alerts in charts/remora/OPERATIONS.md, of those that
the chart has.

  reference.py update   write them
  reference.py check    say which is stale, and what in their sources cannot be read

Nothing is told here that a source does not say: a field's default is looked for in its description, a key's and a reason's meaning in
the comment beside it.

Exit code: 0 fine, 1 something is wrong (one line each on stderr), 2 usage.
"""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
API = ROOT / "operator" / "api"
STATUS = ROOT / "operator" / "reconcilers" / "pattern_status.cc"
TEMPLATE = ROOT / "operator" / "injection" / "template.cc"
DOCUMENT = ROOT / "crds" / "REFERENCE.md"
OPERATIONS = ROOT / "charts" / "remora" / "OPERATIONS.md"
ALERTS = ROOT / "charts" / "remora" / "files" / "alerts.yaml"
ALERTS_BEGIN, ALERTS_END = "<!-- alerts: written by hack/update-docs.sh -->", "<!-- alerts: end -->"
KINDS = ("Sidecar", "Ambassador", "Adapter")

HEADER = """\
<!-- Written by hack/update-docs.sh from crds/*.yaml, operator/api/, operator/injection/template.cc and
     operator/reconcilers/pattern_status.cc: edit there. -->

# Reference

The kinds of `patterns.remora.dev/v1alpha1`, and all that is written on Pods. The guides of the
[Sidecar](guide/sidecar.md), the [Ambassador](guide/ambassador.md) and the [Adapter](guide/adapter.md) show how they are used;
`kubectl explain rsc.spec.share` says the same in a terminal.
"""

PARAGRAPHS = {
    "Reasons": """\
Every pattern that a Pod asks for, or could be given, has one of these reasons: in the Pod's record, in warnings and Events, in
`remora_decisions_total`, and in `remora explain`.
""",
    "Conditions": """\
Of a pattern's status. `kubectl wait --for=condition=Ready rsc/NAME` waits for the first. Ready is what it is because of the others, and
where it is not True, it has the reason of the one that spoils it.
""",
    "References": """\
Strings of a pattern may refer to what is known of the Pod. A string that is one reference alone takes the type of its value where
Kubernetes has a number or a boolean. Any other `$(NAME)` is Kubernetes' own; `$$(params.x)` stands for the text `$(params.x)`.
What has no value in a Pod is `UnresolvedReference` there. The Pod's name is not known when it is created, and its annotations are
free text: use the downward API, and a parameter.
""",
    "Fields": """\
The *target* is the container that a pattern serves, the *companion* the one that it adds. A field without a default is absent where it
is not written. "Each" is each item of a list.
""",
}

ALERTS_LEAD = """\
The alerts of `files/alerts.yaml`, which `monitoring.prometheusRule.enabled` gives to the Prometheus Operator. Words in capitals are labels.
"""

REASON_CLASSES = {
    "In.": "added",
    "Not asked for.": "not asked for: nothing happens",
    "Always denied.": "the Pod is always denied",
    "By onError: the pattern.": "by `onError`: the pattern",
    "By onError: the Pod.": "by `onError`: the Pod",
    "By onError: the cluster.": "by `onError`: the cluster",
    "By onError: Remora itself.": "by `onError`: Remora itself",
}


class Complaint(Exception):
    pass


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def code(text):
    return "`" + str(text).replace("|", "\\|") + "`"


def prose(text):
    """For a cell of a table. References are code: between two `$` some readers of Markdown see mathematics."""
    text = re.sub(r"\s+", " ", text).strip().replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
    return re.sub(r"\$\([^ )]+\)", lambda found: code(found[0]), text)


# --- the API's own words ----------------------------------------------------------------------------------------------


def keys():
    """(heading, [(key, meaning)]) from the comments of annotations.h"""
    groups, comment = [], []
    for line in (API / "annotations.h").read_text().splitlines():
        if line.startswith("// "):
            comment.append(line.removeprefix("// "))
            continue
        found = re.match(r'inline constexpr std::string_view k(\w+(?:Key|Prefix|Label)) = "([^"]+)";', line)
        if found and not groups:
            comment = []  # the prefix of all of them
        elif found:
            if not comment:
                raise Complaint(f"operator/api/annotations.h: k{found[1]} has no comment")
            groups[-1][1].append((found[2], " ".join(comment)))
        elif line == "" and len(comment) == 1 and comment[0][0].islower():
            groups.append((comment[0][0].upper() + comment[0][1:], []))
        comment = []
    if sum(len(rows) for _, rows in groups) < 10:
        raise Complaint("operator/api/annotations.h: its keys cannot be read")
    return groups


def reasons():
    """(class, reason, meaning) from the enum, which must be those of kNames"""
    text = (API / "reason.h").read_text()
    rows, at = [], None
    for line in text[text.index("enum class Reason ") : text.index("};")].splitlines()[1:]:
        if found := re.match(r"  // (.+)$", line):
            at = REASON_CLASSES[found[1]]
        elif found := re.match(r"  k(\w+),\s*// (.+)$", line):
            rows.append((at, found[1], found[2]))
        else:
            raise Complaint(f"operator/api/reason.h: no reason with a comment: {line.strip()}")
    named = (API / "reason.cc").read_text()
    names = re.findall(r'^    "(\w+)",$', named[named.index("kNames = {") :], re.MULTILINE)
    if names != [name for _, name, _ in rows]:
        raise Complaint("operator/api/reason.h: its reasons are not the names in reason.cc")
    return rows


# What makes the operator write the reason; its message says the rest.
CONDITION_MEANINGS = {
    "Valid": "it can be added to Pods; a message says if the API server could not be asked",
    "InvalidSpec": "the spec does not hold: the message names the field",
    "RejectedByApiServer": "the API server refuses a Pod with it, and the message is its complaint; the last accepted revision stays in use",
    "CheckPending": "the API server has not judged the spec yet, or its revision could not be kept",
    "Complete": "all Pods that have the pattern have the revision that new ones get",
    "NeedsRecreate": "some Pods have another revision; they get the current one when they are created anew",
    "AsExpected": "no Pod that asks for it came without",
    "PodsMissing": "Pods asked for it and came without: the webhook did not see them",
    "Ready": "accepted, and no Pod misses it",
}


def conditions():
    """(type, status, reason, meaning) as pattern_status.cc makes them"""
    text = STATUS.read_text()
    found = [("Accepted", *m) for m in re.findall(r'say\(Truth::k(\w+), "(\w+)"', text)]
    found += re.findall(r'\{"(\w+)", Truth::k(\w+), "(\w+)"', text)
    order = ["Ready", "Accepted", "Progressing", "Degraded"]
    known = {reason for _, _, reason in found}
    if known != set(CONDITION_MEANINGS):
        raise Complaint(f"hack/reference.py: describe the condition reasons {sorted(known ^ set(CONDITION_MEANINGS))}, no others")
    return [(*row, CONDITION_MEANINGS[row[2]]) for row in sorted(found, key=lambda row: order.index(row[0]))]


REFERENCE_MEANINGS = {
    "params.x": "the value of the parameter x",
    "pattern.name": "the pattern's name, which is the companion's",
    "pattern.revision": "ten characters that name what the pattern puts into Pods",
    "pod.namespace": "the Pod's namespace",
    "pod.serviceAccountName": "its ServiceAccount",
    "pod.labels['k']": "the value of its label k",
    "target.name": "the name of the one target; with several, `TargetAmbiguous`",
    "target.image": "its image",
    "target.ports.x": "the number of its port x, as the Pod's author wrote it",
    "endpoints.x.host": "127.0.0.1",
    "endpoints.x.port": "the port that the companion listens on for endpoint x",
    "endpoints.x.address": "127.0.0.1:PORT, or the path of the socket",
    "endpoints.x.upstream": "the endpoint's `upstream`",
    "metrics.port": "the port of `metrics`",
    "share.x.path": "where the companion sees the share x",
}


def references():
    """Those that the compiler of patterns says it expects."""
    text = TEMPLATE.read_text()
    found = re.search(r'"unknown reference; expected ((?:[^"]|"\s+")*)"\)', text)
    names = re.split(r", | or ", re.sub(r'"\s+"', "", found[1])) if found else []
    if set(names) != set(REFERENCE_MEANINGS):
        raise Complaint(f"hack/reference.py: describe the references {sorted(set(names) ^ set(REFERENCE_MEANINGS))}, no others")
    return [(name, REFERENCE_MEANINGS[name]) for name in names]


# --- the fields -------------------------------------------------------------------------------------------------------


def is_open(schema):
    return schema.get("x-kubernetes-preserve-unknown-fields", False)


def type_of(schema):
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    kind = schema.get("type", "")
    if kind == "array":
        items = schema["items"]
        return f"list of {'core/v1 objects' if is_open(items) else type_of(items) + 's'}"
    if kind == "object" and "additionalProperties" in schema:
        return f"map of {type_of(schema['additionalProperties'])}s"
    if kind == "object" and is_open(schema) and "properties" not in schema:
        return "object of core/v1"
    return kind


def limits_of(schema):
    """In words, without those that stand as a rule."""
    parts = []
    if "enum" in schema:
        parts.append(", ".join(code(value) for value in schema["enum"]))
    if schema.get("minLength", 0) > 0:
        parts.append(f"at least {schema['minLength']} character" + "s" * (schema["minLength"] > 1))
    if "maxLength" in schema and "enum" not in schema:
        parts.append(f"at most {schema['maxLength']} characters")
    if "minimum" in schema:
        parts.append(f"{schema['minimum']} to {schema['maximum']}")
    if "pattern" in schema:
        parts.append(code(schema["pattern"]))
    if schema.get("format") == "date-time":
        parts.append("a time")
    if schema.get("minItems", 0) > 0:
        parts.append(f"at least {schema['minItems']}")
    for key in ("maxItems", "maxProperties"):
        if key in schema:
            parts.append(f"at most {schema[key]}")
    if schema.get("x-kubernetes-list-type") == "map":
        parts.append(f"one for each {' and '.join(schema['x-kubernetes-list-map-keys'])}")
    if schema.get("x-kubernetes-list-type") == "set":
        parts.append("none twice")
    each = schema.get("items") or schema.get("additionalProperties")
    if isinstance(each, dict) and (inner := limits_of(each)):
        parts.append(f"each: {inner}")
    return "; ".join(parts)


DEFAULTS = (
    r"(?P<value>\w+) \(default\)",
    r"(?P<value>\w+) \(default,? (?P<when>[^)]+)\)",
    r"The default is (?P<value>[^ ,.]+)(?:, (?P<when>with [^,.]*?) (?P<other>[A-Z]\w+))?[.]",
    r"(?:^|[,;.] )(?P<value>[^,;.]+?) if absent",
    r"Default: (?P<value>\d+)[.]",
    r"absent is (?P<value>[^,.]+)",
    r"Absent: (?P<value>[^.]+)[.]",
    r"Kubernetes' default is (?P<value>[^.]+)[.]",
    r"Leave it out: Remora chooses (?P<value>[^.,]+)",
)


def default_of(schema):
    """As the description says it; a flag that nobody sets is false."""
    text = schema.get("description", "").split("\nExample: ")[0]
    found = []
    for pattern in DEFAULTS:
        for match in re.finditer(pattern, text):
            groups = match.groupdict()
            value = groups["value"]
            if groups.get("other"):
                found += [value, f"{groups['when']} {groups['other']}"]
            elif groups.get("when"):
                found.append(f"{value} {groups['when']}" if found or groups["when"].startswith("of") else f"{value}, {groups['when']}")
            else:
                found.append(value)
    if not found and schema.get("type") == "boolean":
        return "false"
    if not found and "Default" in schema.get("enum", []):
        return "Default"
    return "; ".join(found)


def read_fields():
    """kind → {path: schema}, and kind → [(path, message)] of the rules"""
    fields, rules, about = {}, {}, {}
    for file in sorted((ROOT / "crds").glob("*.yaml")):
        spec = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["spec"]
        kind, schema = spec["names"]["kind"], spec["versions"][0]["schema"]["openAPIV3Schema"]
        fields[kind], rules[kind] = {}, []
        about[kind] = (spec["names"], schema["description"])
        walk(schema, "", fields[kind], rules[kind])
    if set(fields) != set(KINDS):
        raise Complaint(f"crds/ has the kinds {sorted(fields)}")
    return fields, rules, about


def walk(schema, path, fields, rules, required=False):
    for rule in schema.get("x-kubernetes-validations", []):
        where = path + rule.get("fieldPath", "")
        rules.append((where.lstrip(".") or "metadata.name", rule["message"]))
    if path:
        fields[path.lstrip(".")] = dict(schema, needed=required)
    for name, child in schema.get("properties", {}).items():
        walk(child, f"{path}.{name}", fields, rules, name in schema.get("required", []))
    items = schema.get("items")
    if isinstance(items, dict):
        for rule in items.get("x-kubernetes-validations", []):
            rules.append(((path + "[]" + rule.get("fieldPath", "")).lstrip("."), rule["message"]))
        for name, child in items.get("properties", {}).items():
            walk(child, f"{path}[].{name}", fields, rules, name in items.get("required", []))


def cells(schema):
    """type, default, limits and description with example, as the table has them"""
    text, _, example = schema.get("description", "").partition("\nExample: ")
    if schema["needed"]:
        default = "**needed**"
    else:
        default = prose(default_of(schema))
    what = prose(text) + (f" Example: {code(example)}" if example else "")
    return (type_of(schema), default, limits_of(schema), what)


def groups_of(by_kind):
    """{what each kind has to say} → [(kinds, what)], in the order of KINDS"""
    groups = []
    for kind in KINDS:
        if kind not in by_kind:
            continue
        for group in groups:
            if group[1] == by_kind[kind]:
                group[0].append(kind)
                break
        else:
            groups.append(([kind], by_kind[kind]))
    return [(tuple(kinds), what) for kinds, what in groups]


def sections(fields, rules):
    """kinds → top → ([row of a field], [rule])"""
    result = {}

    def at(kinds, path):
        top = ".".join(path.replace("[]", "").split(".")[:2])
        if path.startswith("status"):
            top = "status"
        return result.setdefault(kinds, {}).setdefault(top, ([], []))

    paths = list(dict.fromkeys(path for kind in KINDS for path in fields[kind]))
    for path in paths:
        for kinds, row in groups_of({kind: cells(fields[kind][path]) for kind in KINDS if path in fields[kind]}):
            at(kinds, path)[0].append((path, row))
    for rule in list(dict.fromkeys(rule for kind in KINDS for rule in rules[kind])):
        kinds = tuple(kind for kind in KINDS if rule in rules[kind])
        at(kinds, rule[0])[1].append(rule)
    return result


def heading_of(kinds):
    return "All kinds" if len(kinds) == len(KINDS) else f"{' and '.join(kinds)} alone"


def as_in_container(rows, container):
    """The fields of initContainers that are those of container go without saying again."""
    same, rest = [], []
    for path, row in rows:
        twin = path.replace("spec.initContainers[].", "spec.container.")
        (same if path != twin and container.get(twin) == row else rest).append((path, row))
    return same, rest


def fields_text(fields, rules):
    parts = []
    result = sections(fields, rules)
    order = sorted(result, key=lambda kinds: (-len(kinds), [KINDS.index(kind) for kind in kinds]))
    container = dict(result[KINDS].get("spec.container", ([], []))[0])
    for kinds in order:
        parts.append(f"### {heading_of(kinds)}\n")
        for top, (rows, its_rules) in result[kinds].items():
            if top == "spec" and not its_rules:
                continue
            parts.append(f"#### `{top}`" + (f" of {' and '.join(kinds)}" if len(kinds) < len(KINDS) else "") + "\n")
            same, rest = as_in_container(rows, container)
            if rest:
                parts.append(table(("field", "type", "default", "limits", "what it says"),
                                   [(code(path), *row) for path, row in rest if path not in ("spec", "status")]))
            if same:
                names = ", ".join(code(path.rpartition(".")[2]) for path, _ in same)
                parts.append(f"Each has {names} as `container` has.\n")
            if its_rules:
                parts.append("Rules:\n")
                parts.append("\n".join(f"- {code(path)}: {prose(message)}" for path, message in its_rules) + "\n")
    return "\n".join(parts)


# --- the document -----------------------------------------------------------------------------------------------------


def render():
    fields, rules, about = read_fields()
    parts = [HEADER, "## Kinds\n"]
    parts.append(table(("kind", "plural", "short", "what it is"), [
        (kind, code(about[kind][0]["plural"]), code(about[kind][0]["shortNames"][0]), prose(about[kind][1])) for kind in KINDS]))
    parts.append("## Annotations and labels\n")
    for heading, rows in keys():
        parts.append(f"{heading}:\n")
        parts.append(table(("key", "what it says"), [(code(key + ("…" if key.endswith("/") else "")), meaning.replace("|", "\\|"))
                                                     for key, meaning in rows]))
    parts += ["## Reasons\n", PARAGRAPHS["Reasons"],
              table(("reason", "what it says", "and so"), [(code(name), prose(meaning), at) for at, name, meaning in reasons()])]
    parts += ["## Conditions\n", PARAGRAPHS["Conditions"],
              table(("type", "status", "reason", "what it says"),
                    [(code(kind), status, code(reason), meaning) for kind, status, reason, meaning in conditions()])]
    parts += ["## References\n", PARAGRAPHS["References"],
              table(("reference", "what it is"), [(code(f"$({name})"), prose(meaning)) for name, meaning in references()])]
    parts += ["## Fields\n", PARAGRAPHS["Fields"], fields_text(fields, rules)]
    return "\n".join(parts)


def template_free(text):
    """What an alert says before Prometheus fills in its labels."""
    return re.sub(r"\{\{ *\$(?:labels[.])?(\w+)[^}]*\}\}", lambda found: found[1].upper(), text)


def alerts():
    rows = []
    if ALERTS.exists():
        for group in yaml.safe_load(ALERTS.read_text())["groups"]:
            for rule in group["rules"]:
                says = rule["annotations"]
                rows.append((code(rule["alert"]), rule["labels"]["severity"], prose(template_free(says["summary"])),
                             prose(says["description"])))
    if not rows:
        return "The chart has none yet.\n"
    return ALERTS_LEAD + "\n" + table(("alert", "severity", "what it says", "what to do"), rows)


def with_alerts():
    text = OPERATIONS.read_text()
    if ALERTS_BEGIN not in text or ALERTS_END not in text:
        raise Complaint(f"charts/remora/OPERATIONS.md: no place for the alerts: {ALERTS_BEGIN}")
    before, _, rest = text.partition(ALERTS_BEGIN)
    return f"{before}{ALERTS_BEGIN}\n\n{alerts()}\n{ALERTS_END}{rest.partition(ALERTS_END)[2]}"


def main(arguments):
    if arguments not in (["update"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        texts = {DOCUMENT: render(), OPERATIONS: with_alerts()}
    except Complaint as complaint:
        print(complaint, file=sys.stderr)
        return 1
    stale = 0
    for file, text in texts.items():
        if arguments == ["update"]:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            print(f"{file.relative_to(ROOT)} is stale: run hack/update-docs.sh", file=sys.stderr)
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
