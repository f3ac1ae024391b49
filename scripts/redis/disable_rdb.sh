#!/usr/bin/env bash
# Turns snapshots off and leaves persistence to the append-only file: writes save "", because without any save line
# the server has save points of its own. Turns the append-only file on in the same step, so that nothing is left
# without persistence.
# Options: --conf FILE (or the file alone), --dry-run, --no-restart.
USAGE=""
. "$(dirname "$0")/conf.sh"
parse_options "$@"
require_conf
fsync=$(directive appendfsync)
set_directives 'save ""' "appendonly yes" "appendfsync ${fsync:-everysec}"
[ "$DRY_RUN" = 0 ] || exit 0
REDIS_PASSWORD=${REDIS_PASSWORD:-$(directive requirepass)}
if [ "$RESTART" = 1 ] && command -v redis-cli > /dev/null && [ "$(cli ping 2> /dev/null || true)" = PONG ]; then
  # The append-only file first: between the two there is always one of them.
  [ "$(cli config set appendonly yes)" = OK ] && [ "$(cli config set save "")" = OK ] ||
    fail "the running server did not take the settings over"
  echo "the running server has taken them over"
else
  echo "no running server was changed"
fi
