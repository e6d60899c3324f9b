# shellcheck shell=bash
# Programs that outlive the script which starts them, and that another run of the script finds and
# ends again. Sourced by hack/cluster.sh.
#
# A program has a record, STATE/processes/NAME, with the words `PID IDENTITY ADDRESS`. The process
# id alone is no proof: the kernel gives it to somebody else when the program has ended. The
# identity (which boot, started when) tells the two apart, and nothing is ever ended without it.

# identity_of PID: prints BOOT:START, or fails when there is no such process. A zombie has ended,
# but only when all of its threads are gone: until then they keep its sockets open.
identity_of() {
  local stat fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  read -ra fields <<<"${stat##*) }"  # from field 3 on: the name, field 2, may have spaces in it
  local condition=${fields[0]} threads=${fields[17]} start=${fields[19]}
  [[ $condition != [ZX] ]] || ((threads > 1)) || return 1
  printf '%s:%s\n' "$(</proc/sys/kernel/random/boot_id)" "$start"
}

# start_program NAME ADDRESS COMMAND...
start_program() {
  local name=$1 address=$2
  shift 2
  (
    close_inherited_files
    exec setsid "$@" </dev/null >"$STATE/logs/$name.log" 2>&1
  ) &
  printf '%s %s %s\n' "$!" "$(identity_of "$!" || echo ended)" "$address" >"$STATE/processes/$name"
}

# A program that keeps a file of the caller open would keep the reader of a pipe waiting, or a lock
# taken, for as long as the cluster runs.
close_inherited_files() {
  local fd
  for fd in /proc/"$BASHPID"/fd/*; do
    fd=${fd##*/}
    ((fd <= 2)) || exec {fd}>&-
  done
}

# read_record NAME: sets RECORD_PID, RECORD_IDENTITY, RECORD_ADDRESS
read_record() {
  local record=$STATE/processes/$1
  # shellcheck disable=SC2034  # the address is for cluster.sh
  [[ -f $record ]] && read -r RECORD_PID RECORD_IDENTITY RECORD_ADDRESS <"$record"
}

is_running() { read_record "$1" && [[ $(identity_of "$RECORD_PID") == "$RECORD_IDENTITY" ]]; }

# all_running NAME...
all_running() {
  local name
  for name in "$@"; do
    is_running "$name" || return 1
  done
}

# any_running NAME...
any_running() {
  local name
  for name in "$@"; do
    ! is_running "$name" || return 0
  done
  return 1
}

# wait_until SECONDS NAME COMMAND...: until COMMAND succeeds; fails at once when the program NAME
# ends.
wait_until() {
  local seconds=$1 name=$2 began
  shift 2
  began=$(now_us)
  until "$@" >/dev/null 2>&1; do
    is_running "$name" || fail_with_log "$name" "$name has ended"
    (($(now_us) - began < seconds * 1000000)) ||
      fail_with_log "$name" "$name was not ready after $seconds s"
    sleep 0.05
  done
}

fail_with_log() {
  local name=$1 sentence=$2
  tail -n "$LOG_TAIL_LINES" "$STATE/logs/$name.log" >&2
  fail "$sentence; the end of $STATE/logs/$name.log is above"
}

# stop_program NAME: KILL, since there is nothing to lose (the state is thrown away), while on TERM
# the API server would wait for its watches to end.
stop_program() {
  if is_running "$1"; then
    kill -KILL "$RECORD_PID" 2>/dev/null || true
    while is_running "$1"; do sleep 0.02; done
  fi
  rm -f "$STATE/processes/$1"
}

# stop_programs NAME...: the last one first, since it is the one that needs the others
stop_programs() {
  local i names=("$@")
  for ((i = ${#names[@]} - 1; i >= 0; i--)); do
    stop_program "${names[i]}"
  done
}
