#!/usr/bin/env bash
# Whether the running server wants a password and takes the one of redis.conf (or REDIS_PASSWORD).
# Options: --conf FILE. Exit code 0 if so, 1 if not.
USAGE=""
. "$(dirname "$0")/conf.sh"
parse_options "$@"
require_conf
command -v redis-cli > /dev/null || fail "redis-cli is not installed"
port=$(directive port)
without=$(env -u REDISCLI_AUTH redis-cli -p "${port:-6379}" ping 2>&1 || true)
case "$without" in
  *NOAUTH*) ;;
  PONG) fail "the server answers without a password: run set_redis_password.sh and restart it" ;;
  *) fail "the server does not answer on port ${port:-6379}: $without" ;;
esac
REDIS_PASSWORD=${REDIS_PASSWORD:-$(directive requirepass)}
[ -n "$REDIS_PASSWORD" ] || fail "neither REDIS_PASSWORD nor $CONF has a password"
with=$(cli ping 2>&1 || true)
[ "$with" = PONG ] || fail "the server does not take this password: restart it after changing $CONF"
echo "the server wants a password, and this is it"
