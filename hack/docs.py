#!/usr/bin/python3
"""The fenced blocks of the documents (every *.md that git knows or would take).

  docs.py check                        say which block has no id, what the ids promise and do not hold, and which value of a chart
                                       a document names that its values.yaml does not have
  docs.py documents                    the documents with blocks that are run, one a line
  docs.py blocks DOCUMENT              their ids in order, each with what it needs: node, build, helm, or cluster
  docs.py run DOCUMENT ID FOLDER       write the files above the block to FOLDER, run it there, compare what it prints
  docs.py metrics WEBHOOK OPERATOR     compare what the two programs expose with the table of metrics

What stands after the language says what a block is:

  sh test=ID [needs=X] [fails] [eventually]
                       commands that tests/e2e/docs_test.sh runs; `fails`: the last one does; `eventually`: tried again for a while.
                       needs=node: on a node; needs=build: in the repository; needs=helm: where Remora is not installed yet
  sh run-by=SCRIPT     commands that SCRIPT runs (several with +): each word of them must stand in it
  sh usage-of=SCRIPT   a call for people, too long for a test: each word must stand in the script's `# usage:`
  LANGUAGE file=NAME   a file for the commands below
  LANGUAGE part-of=NAME   lines of that file, or of one of the repository
  LANGUAGE output-of=ID   what the block prints: … stands for anything in a line, and alone for any lines. Runs of spaces are alike

Blocks of YAML without a word are for the documents in READ_BY, whose tests read all of them.

Exit code: 0 fine, 1 something is wrong (one line each on stderr), 2 usage.
"""

import pathlib
import re
import shlex
import subprocess
import sys
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
EVENTUALLY_SECONDS = 20
BLOCK_SECONDS = 600
NEEDS = ("node", "build", "helm")
# Which test reads the YAML of a document itself.
READ_BY = {"charts/remora-catalog/README.md": "tests/e2e/catalog.py"}
METRICS_DOCUMENT = "charts/remora/OPERATIONS.md"
METRICS_BEGIN, METRICS_END = "<!-- metrics: compared with the running programs -->", "<!-- metrics: end -->"


class Block:
    def __init__(self, document, line, info, text):
        self.document, self.line, self.text = document, line, text
        self.language, *words = info.split() or [""]
        self.says = dict(word.partition("=")[::2] for word in words)

    def __str__(self):
        return f"{self.document}:{self.line}"


def documents():
    said = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"],
                          cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in sorted(set(said.stdout.splitlines())) if (ROOT / name).is_file()]


def read_blocks(document):
    """The blocks, and a complaint for one that does not end."""
    blocks, began, lines, complaints = [], None, [], []
    for number, line in enumerate((ROOT / document).read_text().splitlines(), 1):
        fence = re.match(r"\s*(```|~~~)(.*)$", line)
        if fence and began is None:
            began, info, lines = number, fence[2].strip(), []
        elif fence and not fence[2].strip():
            blocks.append(Block(document, began, info, "\n".join(lines) + "\n"))
            began = None
        elif began is not None:
            lines.append(line)
    if began is not None:
        complaints.append(f"{document}:{began}: a block that does not end")
    return blocks, complaints


def commands(block):
    """The words of each command, without comments. A word that the reader replaces is in capitals."""
    return [words for line in block.text.replace("\\\n", " ").splitlines() if (words := shlex.split(line, comments=True))]


# --- check ------------------------------------------------------------------------------------------------------------


def check_run_by(block, scripts):
    texts = []
    for script in scripts.split("+"):
        if not (ROOT / script).is_file():
            yield f"{block}: there is no {script}"
            return
        texts.append((ROOT / script).read_text())
    for words in commands(block):
        wanted = [word.removeprefix("./") for word in words]
        if not any(all(has_word(text, word) for word in wanted) for text in texts):
            yield f"{block}: {scripts} does not run: {' '.join(words)}"


def has_word(text, word):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def check_usage_of(block, script):
    if not (ROOT / script).is_file():
        yield f"{block}: there is no {script}"
        return
    found = re.search(r"^# usage:.*?(?=^$)", (ROOT / script).read_text(), re.MULTILINE | re.DOTALL)
    usage = found[0] if found else ""
    for words in commands(block):
        for word in words:
            is_value = words[0] != word and re.fullmatch(r"[\w.-]+\.\w+", word)  # a file of the reader's
            if not is_value and not has_word(usage, word.removeprefix("./")):
                yield f"{block}: {script} does not say in its usage: {word}"


def check_part_of(block, name, files):
    whole = files.get(name) if "/" not in name else (ROOT / name).read_text() if (ROOT / name).is_file() else None
    if whole is None:
        yield f"{block}: there is no file {name} above"
    elif not contains_lines(whole, block.text):
        yield f"{block}: {name} does not have these lines"


def contains_lines(whole, part):
    """Together, in order, indented as one likes."""
    def bare(text):
        lines = [line.rstrip() for line in text.splitlines()]
        indent = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
        return [line[indent:] for line in lines]

    part, whole = bare(part), whole.splitlines()
    return any(bare("\n".join(whole[i : i + len(part)])) == part for i in range(len(whole) - len(part) + 1))


KINDS_OF_COMMANDS = ("test", "run-by", "usage-of")
KINDS_OF_TEXTS = ("file", "part-of", "output-of")


def check_block(block, files, tests):
    """`files` and `tests` are those above; the block adds itself."""
    kinds = [key for key in KINDS_OF_COMMANDS + KINDS_OF_TEXTS if block.says.get(key)]
    if block.language == "yaml" and not block.says and block.document in READ_BY:
        if not (ROOT / READ_BY[block.document]).is_file():
            yield f"{block}: there is no {READ_BY[block.document]}"
        return
    unknown = set(block.says) - {*KINDS_OF_COMMANDS, *KINDS_OF_TEXTS, "needs", "fails", "eventually"}
    if unknown:
        yield f"{block}: {', '.join(sorted(unknown))}: hack/docs.py does not know this"
    if len(kinds) != 1:
        yield f"{block}: a block says one of {', '.join(KINDS_OF_COMMANDS + KINDS_OF_TEXTS)} after its language; see hack/docs.py"
        return
    kind, value = kinds[0], block.says[kinds[0]]
    if (block.language == "sh") != (kind in KINDS_OF_COMMANDS) and kind != "file":
        yield f"{block}: commands are sh, and sh are commands"
    if kind == "test":
        if value in tests:
            yield f"{block}: there is a test {value} already"
        if block.says.get("needs", NEEDS[0]) not in NEEDS:
            yield f"{block}: needs is one of {', '.join(NEEDS)}"
        tests.add(value)
    elif kind == "run-by":
        yield from check_run_by(block, value)
    elif kind == "usage-of":
        yield from check_usage_of(block, value)
    elif kind == "file":
        files[value] = block.text
    elif kind == "part-of":
        yield from check_part_of(block, value, files)
    elif value not in tests:
        yield f"{block}: there is no test {value} above"


def complaints_about_values(document):
    """A value of the chart that the chart does not have. What begins as none of its groups is something else."""
    folder = ROOT / pathlib.Path(document).parent
    values = yaml.safe_load((folder / "values.yaml").read_text())
    for number, line in enumerate((ROOT / document).read_text().splitlines(), 1):
        for name in re.findall(r"`([a-z][a-zA-Z]*(?:\.[a-zA-Z]+)+)[`=:]", line):
            at = values
            for key in name.split("."):
                if name.split(".")[0] not in values or key.isupper():  # something else, or for the reader to replace
                    break
                if not isinstance(at, dict) or key not in at:
                    yield f"{document}:{number}: values.yaml has no {name}"
                    break
                at = at[key]


def complaints():
    for document in documents():
        if (ROOT / document).parent.joinpath("values.yaml").is_file():
            yield from complaints_about_values(document)
        blocks, unfinished = read_blocks(document)
        yield from unfinished
        files, tests = {}, set()
        for block in blocks:
            yield from check_block(block, files, tests)


# --- run --------------------------------------------------------------------------------------------------------------


def tests_of(document):
    return [block for block in read_blocks(document)[0] if "test" in block.says]


def find_test(document, name):
    """The test, the files between it and the one above, and what it should print."""
    files, test, outputs = {}, None, []
    for block in read_blocks(document)[0]:
        if test is None and "file" in block.says:
            files[block.says["file"]] = block.text
        if block.says.get("test") == name:
            test = block
        elif test is None and "test" in block.says:
            files = {}  # written by then, and perhaps edited
        if block.says.get("output-of") == name:
            outputs.append(block)
    if test is None:
        raise SystemExit(f"{document}: there is no test {name}")
    return test, files, outputs


def pattern_of(text):
    lines = text.rstrip("\n").splitlines()
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
            continue
        indent = len(line) - len(line.lstrip())
        words = [re.escape(word).replace("…", r"[^\n]*?") for word in line.split()]
        parts.append(" " * indent + r"[ \t]+".join(words) + r"[ \t]*\n")
    return "".join(parts)


def difference(output, block):
    """Nothing where the output is as the block says."""
    printed = output.rstrip("\n") + "\n"
    if re.fullmatch(pattern_of(block.text), printed):
        return None
    return f"{block}: it should print\n{block.text}but prints\n{printed}"


def try_once(test, folder, outputs):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", test.text], cwd=folder, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BLOCK_SECONDS, check=False)
    if (done.returncode != 0) != ("fails" in test.says):
        wanted = "fail" if "fails" in test.says else "succeed"
        return f"{test}: it should {wanted}, and has the exit code {done.returncode}\n{done.stdout}"
    for output in outputs:
        if (complaint := difference(done.stdout, output)) is not None:
            return complaint
    return None


def run(document, name, folder):
    test, files, outputs = find_test(document, name)
    for file, text in files.items():
        (pathlib.Path(folder) / file).write_text(text)
    deadline = time.monotonic() + (EVENTUALLY_SECONDS if "eventually" in test.says else 0)
    while (complaint := try_once(test, folder, outputs)) is not None and time.monotonic() < deadline:
        time.sleep(0.5)
    return [] if complaint is None else [complaint]


# --- metrics ----------------------------------------------------------------------------------------------------------


def exposed(file):
    """name → (type, labels, help) of an exposition. Buckets, sums and counts are their histogram's."""
    families = {}
    for line in pathlib.Path(file).read_text().splitlines():
        if found := re.match(r"# (HELP|TYPE) (\S+) (.*)$", line):
            families.setdefault(found[2], {"labels": set()})[found[1]] = found[3]
        elif found := re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ", line):
            name = found[1] if found[1] in families else re.sub(r"_(bucket|sum|count)$", "", found[1])
            families[name]["labels"] |= set(re.findall(r'(\w+)="', found[2] or "")) - {"le"}
    return {name: (of["TYPE"], tuple(sorted(of["labels"])), of.get("HELP", "")) for name, of in families.items()}


def documented():
    """name → {program: (type, labels, help)} of the table"""
    text = (ROOT / METRICS_DOCUMENT).read_text()
    table = text[text.index(METRICS_BEGIN) : text.index(METRICS_END)]
    result = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            name, program, kind, labels, what = cells
            result[(name.strip("`"), program)] = (kind, tuple(sorted(re.findall(r"`(\w+)`", labels))), what)
    return result


def metric_complaints(webhook, operator):
    real = {(name, "webhook"): what for name, what in exposed(webhook).items()}
    real |= {(name, "operator"): what for name, what in exposed(operator).items()}
    told = documented()
    both = {name for name, program in told if program == "both"}
    told = {(name, each): what for (name, program), what in told.items()
            for each in (("webhook", "operator") if program == "both" else (program,))}
    if not real:
        yield "the programs expose nothing"
    for name, program in sorted(real.keys() - told.keys()):
        yield f"{METRICS_DOCUMENT}: the {program} exposes {name}, which is not told: {real[name, program]}"
    for name, program in sorted(told.keys() - real.keys()):
        yield f"{METRICS_DOCUMENT}: the {program} does not expose {name}"
    for key in sorted(real.keys() & told.keys()):
        if real[key] != told[key]:
            yield f"{METRICS_DOCUMENT}: {key[0]} of {'both' if key[0] in both else key[1]} is {real[key]}, and told as {told[key]}"


# --- main -------------------------------------------------------------------------------------------------------------


def report(problems):
    count = 0
    for count, problem in enumerate(problems, 1):
        print(problem, file=sys.stderr)
    return 1 if count else 0


def main(arguments):
    match arguments:
        case ["check"]:
            return report(complaints())
        case ["documents"]:
            print("\n".join(document for document in documents() if tests_of(document)))
        case ["blocks", document]:
            for block in tests_of(document):
                print(block.says["test"], block.says.get("needs", "cluster"))
        case ["run", document, name, folder]:
            return report(run(document, name, folder))
        case ["metrics", webhook, operator]:
            return report(metric_complaints(webhook, operator))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
