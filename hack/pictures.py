#!/usr/bin/python3
"""The pictures of the three Pods in crds/guide/: what target and companion share.

  pictures.py update   write crds/guide/*.svg
  pictures.py check    say which is stale

Exit code: 0 fine, 1 something is wrong (one line each on stderr), 2 usage.
"""

import pathlib
import sys
from xml.sax.saxutils import escape

GUIDE = pathlib.Path(__file__).resolve().parent.parent / "crds" / "guide"

WIDTH, HEIGHT = 860, 300
POD = (20, 20, 620, 260)
TARGET_FILL, COMPANION_FILL, SHARED_FILL, OUTSIDE_FILL = "#dbeafe", "#ffedd5", "#e2e8f0", "#f8fafc"
INK, FAINT = "#1e293b", "#64748b"
FONT = "font-family=\"'DejaVu Sans', Verdana, Arial, sans-serif\""
MONO = "font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\""


def text(x, y, said, size=13, weight="normal", fill=INK, anchor="middle", font=FONT):
    return (f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}" '
            f"{font}>{escape(said)}</text>")


def box(x, y, width, height, fill, stroke=INK, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="{stroke}"{dashes}/>'


def container(x, fill, role, name, lines, width=180):
    """A box with what it is, its name, and lines of small print."""
    y, height = 80, 150
    middle = x + width / 2
    parts = [box(x, y, width, height, fill), text(middle, y + 24, role, 11, fill=FAINT),
             text(middle, y + 48, name, 15, "bold")]
    parts += [text(middle, y + 76 + 19 * i, line, 11.5, font=MONO) for i, line in enumerate(lines)]
    return "\n".join(parts)


def arrow(x1, x2, y, label="", below="", dash=""):
    middle = (x1 + x2) / 2
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    parts = [f'<line x1="{x1}" y1="{y}" x2="{x2}" y2="{y}" stroke="{INK}" stroke-width="1.6" marker-end="url(#tip)"{dashes}/>']
    if label:
        parts.append(text(middle, y - 10, label, 11.5))
    if below:
        parts.append(text(middle, y + 20, below, 11.5, font=MONO))
    return "\n".join(parts)


def volume(x, y, width, height, name, kind):
    """A drum, as volumes are drawn everywhere."""
    middle, lid = x + width / 2, 11
    body = (f'<path d="M{x},{y + lid} v{height - 2 * lid} a{width / 2},{lid} 0 0 0 {width},0 v-{height - 2 * lid}" '
            f'fill="{SHARED_FILL}" stroke="{INK}"/>')
    top = f'<ellipse cx="{middle}" cy="{y + lid}" rx="{width / 2}" ry="{lid}" fill="{SHARED_FILL}" stroke="{INK}"/>'
    return "\n".join([body, top, text(middle, y + height / 2 + 8, name, 13, "bold"), text(middle, y + height / 2 + 26, kind, 11, fill=FAINT)])


def outside(y, name, lines):
    x, width, height = 700, 140, 90
    parts = [box(x, y, width, height, OUTSIDE_FILL, FAINT, "5 4"), text(x + width / 2, y + 30, name, 13, "bold")]
    parts += [text(x + width / 2, y + 53 + 18 * i, line, 11, fill=FAINT) for i, line in enumerate(lines)]
    return "\n".join(parts)


def picture(title, parts):
    x, y, width, height = POD
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
        f'<path d="M0,0 L10,5 L0,10 z" fill="{INK}"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        box(x, y, width, height, "#ffffff"),
        text(x + 16, y + 28, "Pod", 15, "bold", anchor="start"),
        *parts,
        "</svg>",
        "",
    ])


PICTURES = {
    "sidecar": lambda: picture(
        "A Pod with a Sidecar: the target writes its log into a volume, and the companion reads it there",
        [container(40, TARGET_FILL, "target", "web", ["nginx", "writes", "/var/log/nginx"]),
         volume(265, 110, 130, 92, "logs", "a shared volume"),
         container(440, COMPANION_FILL, "companion: Sidecar", "log-saver", ["tail", "reads", "/logs"]),
         arrow(220, 263, 160), arrow(397, 438, 160), arrow(620, 698, 160),
         outside(115, "its own stdout", ["kubectl logs", "-c log-saver"]),
         text(330, 258, "What they share is files.", 12, fill=FAINT)]),
    "ambassador": lambda: picture(
        "A Pod with an Ambassador: the target dials localhost, and the companion finds the real Redis",
        [container(40, TARGET_FILL, "target", "cart", ["REDIS_HOST=127.0.0.1", "REDIS_PORT=23007"]),
         container(440, COMPANION_FILL, "companion: Ambassador", "redis", ["haproxy", "listens on", "127.0.0.1:23007"]),
         arrow(220, 438, 160, "localhost", "127.0.0.1:23007"), arrow(620, 698, 160),
         outside(115, "the real Redis", ["redis-7.cache.svc", "port 6379"]),
         text(330, 258, "What they share is localhost.", 12, fill=FAINT)]),
    "adapter": lambda: picture(
        "A Pod with an Adapter: the companion reads the target's status page and serves it as Prometheus metrics",
        [container(40, TARGET_FILL, "target", "web", ["nginx", "serves", ":80/stub_status"]),
         container(440, COMPANION_FILL, "companion: Adapter", "nginx-exporter", ["serves", ":9113/metrics", "port name: metrics"]),
         arrow(438, 222, 160, "localhost", "127.0.0.1:80"), arrow(698, 622, 160),
         outside(115, "Prometheus", ["scrapes the port", "named metrics"]),
         text(330, 258, "What they share is localhost; what comes out is one standard form.", 12, fill=FAINT)]),
}


def main(arguments):
    if arguments not in (["update"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for name, make in PICTURES.items():
        file = GUIDE / f"{name}.svg"
        if arguments == ["update"]:
            file.write_text(make())
        elif not file.exists() or file.read_text() != make():
            print(f"crds/guide/{name}.svg is stale: run hack/update-docs.sh", file=sys.stderr)
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
