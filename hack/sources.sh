# shellcheck shell=bash
# The files of the repository, as the verify scripts see them. Source it after hack/lib.sh. It
# changes to the root of the repository; the names that it prints are relative to it.
#
#   source_files PATTERN...   files that match one of git's patterns and are not ignored, also those
#                             that git does not know yet
#   cpp_files                 all C++
#   shell_files               all shell scripts, by their name or first line

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

source_files() {
  # A file that was removed, but not from the index, is listed too.
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}

cpp_files() { source_files '*.cc' '*.h'; }

shell_files() {
  {
    source_files '*.sh'
    source_files | while read -r file; do
      [[ ${file##*/} != *.* ]] || continue
      if head -n 1 "$file" | grep -qaE '^#!.*\b(ba)?sh\b'; then echo "$file"; fi
    done
  } | sort -u
}
