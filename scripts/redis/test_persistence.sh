#!/usr/bin/env bash
# Whether what the running server acknowledges is on disk: asks for its settings, writes a key, and looks for it in
# the append-only file. Nothing is restarted, and the key is removed.
# Options: --conf FILE. Exit code 0 if so, 1 if not.
USAGE=""
. "$(dirname "$0")/conf.sh"
parse_options "$@"
require_conf
command -v redis-cli > /dev/null || fail "redis-cli is not installed"
REDIS_PASSWORD=${REDIS_PASSWORD:-$(directive requirepass)}
[ "$(cli ping 2> /dev/null || true)" = PONG ] || fail "the server does not answer, or not with this password"
setting() { cli config get "$1" | tail -n 1; }
[ "$(setting appendonly)" = yes ] || fail "appendonly is off: run enable_persistence.sh"
case "$(setting appendfsync)" in
  always | everysec) ;;
  *) fail "appendfsync is $(setting appendfsync): run enable_persistence.sh" ;;
esac
key="filetao-persistence-test-$$-$RANDOM"
trap 'cli del "$key" > /dev/null 2>&1 || true' EXIT
[ "$(cli set "$key" "Hello, FileTao!" EX 60)" = OK ] || fail "the server does not take a key"
sleep 1.2
cli info persistence | grep -q 'aof_last_write_status:ok' || fail "the server cannot write its append-only file: see its log"
files="$(setting dir)/$(setting appenddirname)"
if [ -r "$files" ]; then
  grep -rqs "$key" "$files" || fail "the key is not in the append-only file in $files"
  echo "what the server acknowledges is in its append-only file (appendfsync $(setting appendfsync))"
else
  echo "the server says that it writes its append-only file (appendfsync $(setting appendfsync)); $files cannot be read here: sudo looks inside"
fi
