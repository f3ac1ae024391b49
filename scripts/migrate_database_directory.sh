#!/usr/bin/env bash
# Moves a node's data directory to another folder, or to another machine, and makes sure that everything arrived.
#
#   scripts/migrate_database_directory.sh [--dry-run] [--remove-source] OLD NEW
#   scripts/migrate_database_directory.sh [--dry-run] OLD user@host:/path/to/NEW
#
# Stop the node first. Copies with rsync (a later run goes on where an interrupted one stopped), then compares every
# file by its checksum. The index needs no change: it holds no paths. Without rsync, local moves use cp.
# The source stays, unless --remove-source asks otherwise and the comparison found no difference.
# Exit codes: 0 all there, 1 failed or different, 2 wrong usage.
set -euo pipefail
fail() { echo "$(basename "$0"): $*" >&2; exit 1; }
usage() { echo "$(basename "$0"): $*" >&2; sed -n '4,5s/^# *//p' "$0" >&2; exit 2; }

DRY_RUN=0 REMOVE=0 PLACES=()
for argument in "$@"; do
  case "$argument" in
    --dry-run) DRY_RUN=1 ;;
    --remove-source) REMOVE=1 ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --*) usage "unknown option $argument" ;;
    *) PLACES+=("$argument") ;;
  esac
done
# The reference's third argument, the number of its Redis database, is taken and not needed.
[ ${#PLACES[@]} -ge 2 ] && [ ${#PLACES[@]} -le 3 ] || usage "expected the old and the new folder"
OLD=${PLACES[0]%/} NEW=${PLACES[1]%/}
[ -d "$OLD" ] || fail "$OLD is no folder"
REMOTE=0
case "$NEW" in *:*) REMOTE=1 ;; esac
[ "$REMOTE" = 0 ] || [ "$REMOVE" = 0 ] || usage "--remove-source is for local moves"
OLD=$(realpath "$OLD")
if [ "$REMOTE" = 0 ]; then
  NEW=$(realpath -m "$NEW")
  case "$NEW/" in "$OLD"/*) fail "$NEW lies in $OLD" ;; esac
fi
# Who has files open there, as a node has its LMDB index, as far as the system tells this user.
users() {
  if [ -d /proc/self/fd ]; then find /proc/[0-9]*/fd -type l -printf '%h %l\n' 2> /dev/null | grep -F " $OLD/" | cut -d/ -f3
  elif command -v lsof > /dev/null; then lsof -t +D "$OLD" 2> /dev/null
  fi | sort -u | tr '\n' ' '
}
at_work=$(users || true)
if [ -n "$at_work" ] && [ "$DRY_RUN" = 0 ]; then fail "a node is at work in $OLD (process ${at_work% }): stop it first"; fi
files=$(find "$OLD" -type f | wc -l)
bytes=$(du -sb "$OLD" | cut -f1)
echo "$files files, $bytes bytes, from $OLD to $NEW"

have_rsync() { command -v "${RSYNC:-rsync}" > /dev/null; }
if ! have_rsync && [ "$REMOTE" = 1 ]; then fail "rsync is needed on both machines: apt-get install rsync"; fi
if [ "$DRY_RUN" = 1 ]; then
  if have_rsync; then "${RSYNC:-rsync}" -a --dry-run --stats "$OLD/" "$NEW/" | grep -E 'transferred|total size' || true; fi
  echo "dry run: nothing was copied"
  exit 0
fi

if have_rsync; then
  "${RSYNC:-rsync}" -a --partial --mkpath "$OLD/" "$NEW/" 2> /dev/null ||
    "${RSYNC:-rsync}" -a --partial "$OLD/" "$NEW/" || fail "copying failed or was interrupted, as said above: run this again, it goes on where it was"
  different=$("${RSYNC:-rsync}" -a --checksum --dry-run --itemize-changes "$OLD/" "$NEW/") || fail "comparing failed"
  different=$(echo "$different" | grep -v '/$' || true)
else
  mkdir -p "$NEW"
  cp -a --update "$OLD/." "$NEW/" || fail "copying was interrupted: run this again"
  different=$(cd "$OLD" && find . -type f -print0 | while IFS= read -r -d '' file; do
    cmp -s "$file" "$NEW/$file" || echo "$file"
  done)
fi
if [ -n "$different" ]; then
  echo "$different" | head -n 20 >&2
  fail "$(echo "$different" | wc -l) files differ: is the node still running? Run this again"
fi
if [ "$REMOTE" = 0 ]; then sync -f "$NEW" 2> /dev/null || sync; fi
echo "all $files files are in $NEW, each with the same checksum"
if [ "$REMOVE" = 1 ]; then
  rm -rf -- "$OLD"
  echo "$OLD is removed"
fi
where=""
if [ "$REMOTE" = 1 ]; then where=" on ${NEW%%:*}"; fi
echo "start the node$where with --database.directory ${NEW##*:}"
