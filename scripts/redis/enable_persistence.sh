#!/usr/bin/env bash
# Turns the append-only file on, flushed once a second, or before every answer with --always.
# A running server takes it over at once, without a restart and without losing what it holds.
# Options: --conf FILE, --dry-run, --no-restart, --always.
USAGE="[--always]"
. "$(dirname "$0")/conf.sh"
FSYNC=everysec
own_option() { [ "$1" = --always ] || usage "unknown option $1"; FSYNC=always; }
parse_options "$@"
require_conf
set_directives "appendonly yes" "appendfsync $FSYNC"
[ "$DRY_RUN" = 0 ] || exit 0
# Restarting a server whose append-only file was off would start it empty: the file must be made by the running one.
REDIS_PASSWORD=${REDIS_PASSWORD:-$(directive requirepass)}
if [ "$RESTART" = 1 ] && command -v redis-cli > /dev/null && [ "$(cli ping 2> /dev/null || true)" = PONG ]; then
  [ "$(cli config set appendfsync "$FSYNC")" = OK ] && [ "$(cli config set appendonly yes)" = OK ] ||
    fail "the running server did not take the settings over: do not restart it before BGREWRITEAOF has worked"
  echo "the running server has taken them over"
else
  echo "no running server was changed"
fi
