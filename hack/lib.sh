# shellcheck shell=bash
# What the scripts in hack/ share. Source it right after `set -euo pipefail`:
#
#   step "text"                   one line with the time since the start: `[  3.2 s] text`
#   run_slow "doing" LOG cmd...   run cmd, output in LOG, with a sign of life every ten seconds;
#                                 shows the end of LOG when cmd fails; returns what cmd returns
#   die "sentence"                the caller has to change something: stderr, exit code 2
#   fail "sentence"               it was tried and did not work: stderr, exit code 1
#   at_exit cmd...                run cmd when the script ends, however it ends; the last one first
#   need_root_or_sudo "why"       sets AS_ROOT to (), or to (sudo) after asking for the password
#   need_commands cmd...          dies unless all of them are on the PATH
#   need_go                       dies unless a new enough Go is on the PATH
#
# It sets the traps for EXIT, INT, TERM and HUP, so that Ctrl-C ends a script through its exit
# hooks: use at_exit and no traps of your own.

readonly GO_MINIMUM_MINOR=26  # go.mod of hack/cluster says `go 1.26`
readonly HEARTBEAT_SECONDS=10
readonly LOG_TAIL_LINES=30

# Microseconds of the wall clock. EPOCHREALTIME has the decimal separator of the locale.
now_us() { echo "${EPOCHREALTIME/[.,]/}"; }

# One clock for a script and the scripts that it calls.
REMORA_STARTED_AT_US=${REMORA_STARTED_AT_US:-$(now_us)}
export REMORA_STARTED_AT_US

# seconds_since US: the time since then, with one decimal.
seconds_since() {
  local us=$(($(now_us) - $1))
  printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

step() { printf '[%5s s] %s\n' "$(seconds_since "$REMORA_STARTED_AT_US")" "$*"; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 2
}

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# --- the end of a script --------------------------------------------------------------------------

exit_hooks=()

at_exit() { exit_hooks+=("$(printf '%q ' "$@")"); }

run_exit_hooks() {
  EXIT_STATUS=$?  # hooks may ask; 128 and more is a signal
  trap '' INT TERM HUP  # a second, impatient Ctrl-C must not leave half of it behind
  set +e
  local i
  for ((i = ${#exit_hooks[@]} - 1; i >= 0; i--)); do
    eval "${exit_hooks[i]}"
  done
  exit "$EXIT_STATUS"
}

trap run_exit_hooks EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- commands that take long ----------------------------------------------------------------------

slow_group=  # the process group of the command that run_slow is running

run_slow() {
  local what=$1 log=$2 status=0 began
  shift 2
  began=$(now_us)
  mkdir -p "$(dirname "$log")"
  step "$what"
  # Job control gives the command a process group of its own, so that Ctrl-C can end it together
  # with its children.
  set -m
  "$@" </dev/null >"$log" 2>&1 &
  slow_group=$!
  set +m
  show_heartbeat_while_running "$what" "$log" "$began"
  wait "$slow_group" || status=$?
  slow_group=
  if ((status != 0)); then
    step "$what: failed after $(seconds_since "$began") s; the end of $log:"
    tail -n "$LOG_TAIL_LINES" "$log" >&2
    return "$status"
  fi
  step "$what: done after $(seconds_since "$began") s"
}

show_heartbeat_while_running() {
  local what=$1 log=$2 began=$3 every=$HEARTBEAT_SECONDS seconds shown=0 line
  [[ -t 1 ]] && every=1
  while kill -0 "$slow_group" 2>/dev/null; do
    seconds=$((($(now_us) - began) / 1000000))
    if ((seconds >= shown + every)); then
      shown=$seconds
      line="$what: $seconds s so far  $(tail -n 1 "$log" | tr -d '[:cntrl:]' | cut -c 1-80)"
      if [[ -t 1 ]]; then printf '\r\e[K%s' "${line:0:${COLUMNS:-80} - 1}"; else step "$line"; fi
    fi
    sleep 0.1
  done
  if [[ -t 1 ]]; then printf '\r\e[K'; fi
}

end_slow_command() {
  [[ -n $slow_group ]] || return 0
  # INT first: go, ninja and apt-get remove their temporary files, and a test ends its cluster.
  kill -INT -- "-$slow_group" 2>/dev/null
  local i
  for ((i = 0; i < 100; i++)); do
    kill -0 -- "-$slow_group" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$slow_group" 2>/dev/null
}

at_exit end_slow_command

# --- what a script needs --------------------------------------------------------------------------

need_root_or_sudo() {
  AS_ROOT=()
  ((EUID == 0)) && return 0
  command -v sudo >/dev/null || die "$1 needs root, and there is no sudo: run it as root"
  # Ask for the password now: a command in the background could not.
  sudo -v || die "$1 needs root: sudo did not let ${USER:-you} in"
  # shellcheck disable=SC2034  # for the caller
  AS_ROOT=(sudo)
}

need_commands() {
  local command missing=()
  for command in "$@"; do
    command -v "$command" >/dev/null || missing+=("$command")
  done
  ((${#missing[@]} == 0)) ||
    die "not on the PATH: ${missing[*]}; hack/setup.sh installs what is needed"
}

need_go() {
  local version wanted="Go 1.$GO_MINIMUM_MINOR or newer (https://go.dev/doc/install)"
  command -v go >/dev/null || die "$wanted must be on the PATH, and there is no go"
  # GOTOOLCHAIN=local: the version that is here, not one that go would download.
  version=$(GOTOOLCHAIN=local go env GOVERSION)
  if [[ $version =~ go1\.([0-9]+) ]] && ((BASH_REMATCH[1] < GO_MINIMUM_MINOR)); then
    die "$wanted must be on the PATH, and $(command -v go) is $version"
  fi
}
