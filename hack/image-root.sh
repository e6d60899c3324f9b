#!/usr/bin/env bash
# Fills a folder with programs and what they need when it is the root of a container: their shared
# libraries, users, and the public certificate authorities. Beside that, the licences of what is in
# it, and a record of the Debian packages that it is from, as scanners for vulnerabilities read it.
# The Dockerfile calls it in its build stage.
#
# usage: hack/image-root.sh FOLDER PROGRAM...

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly USER_ID=65532
# Libraries that are compiled into the programs: they are found in no file of the image.
readonly COMPILED_IN=(libboost1.74-dev libcli11-dev libspdlog-dev nlohmann-json3-dev)

# shared_libraries PROGRAM...: the paths that the loader finds, and its own
shared_libraries() {
  local found
  found=$(ldd "$@")
  [[ $found != *"not found"* ]] || fail "a shared library is missing: ${found//$'\n'/;}"
  awk '$2 == "=>" { print $3 } $1 ~ /^\// && NF == 2 && $2 ~ /^\(/ { print $1 }' <<<"$found" | sort -u
}

# package_of FILE: by its name, since /lib is a link to /usr/lib, and packages know a file by either
package_of() {
  local found
  found=$(dpkg-query --search "*/${1##*/}") || fail "no Debian package has $1"
  head -n 1 <<<"${found%%:*}"
}

copy_programs() {
  mkdir -p "$FOLDER/usr/bin"
  install --strip --mode=755 "$@" "$FOLDER/usr/bin"
  local library
  shared_libraries "$@" | while read -r library; do
    mkdir -p "$FOLDER${library%/*}"
    cp --dereference "$library" "$FOLDER$library"
  done
}

write_settings() {
  mkdir -p "$FOLDER"/etc/ssl/certs "$FOLDER/usr/lib/ssl"
  printf '%s\n' root:x:0:0:root:/:/none "remora:x:$USER_ID:$USER_ID:remora:/:/none" >"$FOLDER/etc/passwd"
  printf '%s\n' root:x:0: "remora:x:$USER_ID:" >"$FOLDER/etc/group"
  cp /etc/os-release "$FOLDER/etc/os-release"
  # For a kubeconfig that names no authority; OpenSSL looks at the second place.
  cp /etc/ssl/certs/ca-certificates.crt "$FOLDER/etc/ssl/certs/"
  ln -s /etc/ssl/certs/ca-certificates.crt "$FOLDER/usr/lib/ssl/cert.pem"
}

# note_packages PROGRAM...
note_packages() {
  local library package status=$FOLDER/var/lib/dpkg/status.d documents=$FOLDER/usr/share/doc
  mkdir -p "$status" "$documents/remora"
  cp "$ROOT/LICENSE" "$documents/remora/copyright"
  {
    printf '%s\n' base-files ca-certificates "${COMPILED_IN[@]}"
    shared_libraries "$@" | while read -r library; do package_of "$library"; done
  } | sort -u | while read -r package; do
    dpkg-query --status "$package" >"$status/$package"
    mkdir -p "$documents/$package"
    cp --dereference "/usr/share/doc/$package/copyright" "$documents/$package/"
  done
}

(($# >= 2)) || die "usage: hack/image-root.sh FOLDER PROGRAM..."
need_commands dpkg-query install ldd strip
FOLDER=$1
shift
[[ ! -e $FOLDER ]] || die "$FOLDER is there already: expected is a folder to be made"
copy_programs "$@"
write_settings
note_packages "$@"
step "$FOLDER has ${*##*/} and their $(shared_libraries "$@" | wc -l) libraries"
