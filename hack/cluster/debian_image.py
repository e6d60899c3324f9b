#!/usr/bin/python3
"""Makes a container image straight from Debian packages and prints the path of its archive.

No registry, container engine or root: apt finds what the packages depend on, and their files become
the only layer. The archive is of the kind that `docker save` writes; containerd imports it
(hack/cluster.sh image import ARCHIVE).

usage: debian_image.py [OPTION...] NAME:TAG [PACKAGE...]

  --entrypoint JSON     what the container runs, as in a Dockerfile: '["/usr/sbin/nginx"]'
  --cmd JSON            its arguments, or all of it where there is no entrypoint
                        (default '["sh"]' where there is neither, none with --bare)
  --user USER           a name or UID[:GID] (default root)
  --workdir FOLDER      (default /)
  --env NAME=VALUE      also in the environment of what runs
  --file SOURCE=PATH    also this file of here; it is executable there if it is here
  --link TARGET=PATH    also this symbolic link
  --folder PATH[:OWNER[:MODE]]
                        also this folder, or another owner and mode (octal) for one of a package;
                        OWNER is one of the accounts below
  --account NAME:UID[:HOME]
                        also this user, with a group of the same name and number; there are root,
                        www-data (33) and nobody (65534)
  --without PATTERN     not this package, although another one depends on it
  --bare                no packages, shell, folders or accounts: what the options say, nothing else

--env, --file, --link, --folder, --account and --without may be given several times.

examples:
  hack/cluster/debian_image.py localhost/catalog/rsyslog:1 rsyslog \\
    --entrypoint '["/usr/sbin/rsyslogd", "-n"]' --account syslog:104 \\
    --folder /var/spool/rsyslog:syslog:700
  hack/cluster/debian_image.py localhost/catalog/psql:1 postgresql-client-15 \\
    --link /usr/lib/postgresql/15/bin/psql=/usr/bin/psql --cmd '["psql"]'

What the image is like:
  - /bin/sh and every common tool that no package brings is busybox. The PATH is that of Debian.
  - The scripts of the packages do not run: no users are made (see --account), no alternatives
    (see --link), no configuration by debconf. Certificates of ca-certificates are put in place.
  - Documentation, translations, and units of systemd are left out, and so are the packages of
    LEFT_OUT (perl, dpkg, systemd, ...), unless they are named as a PACKAGE.
  - The same inputs give the same bytes.

It is made once: the archive is named by the hash of all that goes into it (this script, options,
files, and the versions of all packages) and kept in ~/.cache/remora/images, the packages in
~/.cache/remora/debs, both until nobody has asked for them for 30 days. After an `apt-get update`
that brings new versions the image is made anew.
"""

import argparse
import contextlib
import fcntl
import fnmatch
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "remora")
PACKAGES = os.path.join(CACHE, "debs")
IMAGES = os.path.join(CACHE, "images")
UNUSED_DAYS = 30

SHELL_PACKAGE = "busybox"
# What packages depend on for their installation, or for a use of theirs that a container has not,
# like the pages of Prometheus with 140 MB of time zones.
LEFT_OUT = [
    "adduser", "cron", "cron-daemon-common", "debconf", "dpkg", "fonts-*", "gcc-*-base",
    "init-system-helpers", "iproute2", "javascript-common", "libdb5.3", "libjs-*", "libpam*",
    "libperl*", "libsystemd-shared", "logrotate", "lsb-base", "openssl", "passwd", "perl",
    "perl-base", "perl-modules-*", "sensible-utils", "systemd*", "sysvinit-utils", "tar", "tzdata",
    "ucf", "usrmerge",
]
LEFT_OUT_FILES = re.compile(
    r"usr/share/(bash-completion|bug|doc|info|lintian|locale|man|zsh)(/|$)"
    r"|usr/lib/(systemd|udev)/|etc/(cron\.\w+|init\.d|systemd)(/|$)")

FOLDERS = ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/lib", "usr/lib64",
           "usr/local/bin", "usr/sbin", "var/log", "var/tmp"]
# As Debian does since version 12; its packages still have files in the old places.
MERGED = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ACCOUNTS = ["root:0:/root", "www-data:33:/var/www", "nobody:65534:/tmp"]
NAME_SERVICES = "passwd: files\ngroup: files\nhosts: files dns\n"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


ACCOUNT = r"([\w-]+):(\d+)(?::([^:]+))?"
FOLDER = r"([^:]+)(?::([^:]+))?(?::([0-7]+))?"


PAIR = r"[^=]+=.+"
REPEATED = [  # the options that may be given several times, and what they take
    ("--env", PAIR, "NAME=VALUE"), ("--file", PAIR, "SOURCE=PATH"), ("--link", PAIR, "TARGET=PATH"),
    ("--account", ACCOUNT, "NAME:UID[:HOME]"), ("--folder", FOLDER, "PATH[:OWNER[:MODE]]"),
    ("--without", ".+", "PATTERN"),
]


def stop(sentence):
    sys.exit(f"debian_image.py: {sentence}")


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


# --- packages -------------------------------------------------------------------------------------

def apt_get(*arguments):
    options = [
        "Dir::State::status=/dev/null",  # what is installed on this machine does not count
        "Debug::NoLocking=1", "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=",  # no root needed
        "APT::Install-Recommends=0", "APT::Sandbox::User=root",
    ]
    command = ["apt-get", "-qq", "install", "--yes", *(f"--option={o}" for o in options)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).strip().replace("\n", "; ")
        stop(f"apt-get cannot get the packages ({complaint}); does it need apt-get update?")
    return done.stdout


def files_of_packages(packages):
    """The .deb files of the packages and of all that they depend on; the names have versions."""
    with tempfile.TemporaryDirectory() as empty:  # it names only what a cache lacks
        os.mkdir(os.path.join(empty, "partial"))
        output = apt_get("--print-uris", f"--option=Dir::Cache::archives={empty}", *packages)
    return sorted(re.findall(r"^'\S+' (\S+\.deb) \d+", output, re.MULTILINE))


def without(files, patterns, wanted):
    def stays(file):
        package = file.split("_")[0]
        return package in wanted or not any(fnmatch.fnmatchcase(package, p) for p in patterns)
    return [file for file in files if stays(file)]


@contextlib.contextmanager
def locked(folder):
    os.makedirs(folder, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def download(packages, files):
    """Returns the paths of the files, which are in the cache then."""
    with locked(PACKAGES):
        os.makedirs(os.path.join(PACKAGES, "partial"), exist_ok=True)
        paths = [os.path.join(PACKAGES, file) for file in files]
        if not all(map(os.path.exists, paths)):
            apt_get("--download-only", f"--option=Dir::Cache::archives={PACKAGES}", *packages)
        for path in paths:
            os.utime(path)
        remove_unused(PACKAGES)
    return paths


def remove_unused(folder):
    for entry in os.scandir(folder):
        if entry.is_file() and entry.stat().st_mtime < time.time() - UNUSED_DAYS * 86400:
            os.remove(entry.path)


# --- the layer ------------------------------------------------------------------------------------

class Layer:
    """The files of an image by their paths; of two with one path, the later one stays."""

    def __init__(self, merged_folders):
        self.merged_folders = merged_folders
        self.members = {}  # path: (TarInfo, bytes)

    def place(self, path):
        path = os.path.normpath(f"/{path}").lstrip("/")
        first, slash, _ = path.partition("/")
        return f"usr/{path}" if slash and first in self.merged_folders else path

    def put(self, member, data=b""):
        member.name = self.place(member.name)
        if member.islnk():
            member.linkname = self.place(member.linkname)
        if member.name and not LEFT_OUT_FILES.match(member.name):
            member.mtime = 0
            self.members[member.name] = (member, data)

    def add(self, path, kind=tarfile.REGTYPE, mode=0o644, data=b"", link=""):
        member = tarfile.TarInfo(path.strip("/"))
        member.type, member.mode, member.size, member.linkname = kind, mode, len(data), link
        self.put(member, data)
        return member

    def add_folder(self, path, mode=0o755):
        return self.add(path, tarfile.DIRTYPE, mode)

    def add_link(self, target, path):
        self.add(path, tarfile.SYMTYPE, 0o777, link=target)

    def add_package(self, path):
        contents = output_of("dpkg-deb", "--fsys-tarfile", path)
        with tarfile.open(fileobj=io.BytesIO(contents)) as package:
            for member in package:
                if member.isdir() and self.has(self.place(member.name)):
                    continue  # the first one that brings a folder says its mode
                self.put(member, package.extractfile(member).read() if member.isreg() else b"")

    def has(self, path):
        return path in self.members

    def bytes(self):
        for path in list(self.members):
            while "/" in path:
                path = os.path.dirname(path)
                if not self.has(path):
                    self.add_folder(path)
        output = io.BytesIO()
        # Folders come before what is in them, hard links after what they link to.
        order = sorted(self.members.items(), key=lambda item: (item[1][0].islnk(), item[0]))
        with tarfile.open(fileobj=output, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for _, (member, data) in order:
                archive.addfile(member, io.BytesIO(data))
        return output.getvalue()


def add_accounts(layer, more):
    passwd = group = ""
    for account in ACCOUNTS + more:
        name, number, home = re.fullmatch(ACCOUNT, account).groups()
        passwd += f"{name}:x:{number}:{number}::{home or '/'}:/bin/sh\n"
        group += f"{name}:x:{number}:\n"
    layer.add("etc/passwd", data=passwd.encode())
    layer.add("etc/group", data=f"{group}nogroup:x:65534:\n".encode())


def fill_system(layer, paths, arguments):
    for folder in FOLDERS:
        layer.add_folder(folder, 0o1777 if folder.endswith("tmp") else 0o755)
    for path in paths:
        layer.add_package(path)
    for folder in MERGED:
        if layer.has(f"usr/{folder}"):
            layer.add_link(f"usr/{folder}", folder)
    for name in busybox_applets(layer):
        if not layer.has(f"usr/sbin/{name}") and not layer.has(f"usr/bin/{name}"):
            layer.add_link("busybox", f"usr/bin/{name}")
    certificates = sorted(fnmatch.filter(layer.members, "usr/share/ca-certificates/*.crt"))
    if certificates:  # what the package's script would do
        layer.add(CERTIFICATES, data=b"".join(layer.members[path][1] for path in certificates))
    add_accounts(layer, arguments.account)
    layer.add("etc/nsswitch.conf", data=NAME_SERVICES.encode())


def busybox_applets(layer):
    """Only the program itself knows them."""
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "busybox")
        with open(program, "wb") as file:
            file.write(layer.members["usr/bin/busybox"][1])
        os.chmod(program, 0o755)
        return output_of(program, "--list").decode().split()


def add_asked_for(layer, arguments):
    numbers = numbers_of_accounts(arguments)
    for text in arguments.folder:
        path, owner, mode = re.fullmatch(FOLDER, text).groups()
        member = layer.add_folder(path, int(mode or "755", 8))
        member.uid = member.gid = numbers[owner or "root"]
    for text in arguments.file:
        source, path = text.split("=", 1)
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        layer.add(path, mode=mode, data=contents_of(source))
    for text in arguments.link:
        layer.add_link(*text.split("=", 1))


def contents_of(source):
    try:
        with open(source, "rb") as file:
            return file.read()
    except OSError as error:
        stop(f"--file {source}: {error.strerror}")


# --- the archive ----------------------------------------------------------------------------------

def configuration(arguments, layer_hash):
    environment = [] if arguments.bare else [f"PATH={SEARCH_PATH}"]
    run = {"Env": environment + arguments.env, "Cmd": arguments.cmd,
           "Entrypoint": arguments.entrypoint, "User": arguments.user,
           "WorkingDir": arguments.workdir}
    return json.dumps({
        "architecture": architecture(), "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": {name: value for name, value in run.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_hash}"]},
    }).encode()


def architecture():  # Debian calls those that it has in common with Go by the same names
    return output_of("dpkg", "--print-architecture").decode().strip()


def write_archive(path, arguments, layer):
    layer_hash = hashlib.sha256(layer).hexdigest()
    config = configuration(arguments, layer_hash)
    config_hash = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{config_hash}.json", "RepoTags": [arguments.name],
                            "Layers": [f"{layer_hash}/layer.tar"]}]).encode()
    partial = f"{path}.{os.getpid()}"  # nobody must see half of it
    with tarfile.open(partial, "w") as archive:
        for name, data in [(f"{layer_hash}/layer.tar", layer), (f"{config_hash}.json", config),
                           ("manifest.json", manifest)]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    os.rename(partial, path)


def path_of(arguments, files):
    inputs = hashlib.sha256()
    with open(__file__, "rb") as script:
        inputs.update(script.read())
    options = dict(vars(arguments))
    options["file"] = [  # where a file comes from does not matter
        [path, os.access(source, os.X_OK), hashlib.sha256(contents_of(source)).hexdigest()]
        for source, path in (text.split("=", 1) for text in arguments.file)]
    inputs.update(json.dumps([options, files, architecture()], sort_keys=True).encode())
    name = re.sub(r"[^\w.-]", "_", arguments.name)
    return os.path.join(IMAGES, f"{name}-{inputs.hexdigest()[:16]}.tar")


def command_line(text):
    with contextlib.suppress(ValueError):
        value = json.loads(text)
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return value
    raise argparse.ArgumentTypeError(f"'{text}' is no JSON list of strings")


def like(pattern, form):
    def checked(text):
        if not re.fullmatch(pattern, text):
            raise argparse.ArgumentTypeError(f"'{text}' is not of the form {form}")
        return text
    return checked


def numbers_of_accounts(arguments):
    matches = [re.fullmatch(ACCOUNT, account) for account in ACCOUNTS + arguments.account]
    return {match[1]: int(match[2]) for match in matches}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        stop(f"{message}; see debian_image.py --help")

    def format_help(self):
        return __doc__


def read_arguments():
    parser = Parser()
    for option in ["--entrypoint", "--cmd"]:
        parser.add_argument(option, type=command_line)
    for option in ["--user", "--workdir"]:
        parser.add_argument(option, default="")
    for option, pattern, form in REPEATED:
        parser.add_argument(option, type=like(pattern, form), action="append", default=[])
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("name", type=like(r"[\w.-]+(:\d+)?(/[\w.-]+)+:[\w.-]+", "HOST/NAME:TAG"))
    parser.add_argument("packages", nargs="*")
    arguments = parser.parse_intermixed_args()
    if arguments.bare and arguments.packages:
        parser.error("--bare takes no packages")
    for text in arguments.folder:
        owner = re.fullmatch(FOLDER, text)[2] or "root"
        if owner not in numbers_of_accounts(arguments):
            parser.error(f"--folder {text}: there is no account {owner}, and --account makes none")
    if not (arguments.bare or arguments.cmd or arguments.entrypoint):
        arguments.cmd = ["sh"]
    return arguments


def main():
    arguments = read_arguments()
    packages = [] if arguments.bare else sorted({*arguments.packages, SHELL_PACKAGE})
    files = []
    if packages:
        files = without(files_of_packages(packages), LEFT_OUT + arguments.without, packages)
    os.makedirs(IMAGES, exist_ok=True)
    path = path_of(arguments, files)
    if os.path.exists(path):
        os.utime(path)  # "used today"
    else:
        layer = Layer([] if arguments.bare else MERGED)
        if packages:
            fill_system(layer, download(packages, files), arguments)
        add_asked_for(layer, arguments)
        write_archive(path, arguments, layer.bytes())
        remove_unused(IMAGES)
    print(path)


if __name__ == "__main__":
    main()
