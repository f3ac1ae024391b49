#!/usr/bin/env bash
# Sets requirepass in redis.conf to a new random password, or to --password-file's first line, and prints how to
# export it. A password that is set already stays, unless --new asks for another.
# Options: --conf FILE, --dry-run, --no-restart, --new, --password-file FILE.
USAGE="[--new] [--password-file FILE]"
. "$(dirname "$0")/conf.sh"
NEW=0 FILE=""
own_option() {
  case "$1" in
    --new) NEW=1 ;;
    --password-file) [ $# -gt 1 ] || usage "--password-file needs a file"; FILE=$2 TAKEN=2 ;;
    *) usage "unknown option $1" ;;
  esac
}
parse_options "$@"
require_conf
if [ -n "$(directive requirepass)" ] && [ "$NEW" = 0 ] && [ -z "$FILE" ]; then
  echo "$CONF has a password already; --new sets another"
else
  if [ -n "$FILE" ]; then
    [ -r "$FILE" ] || fail "$FILE cannot be read"
    password=$(head -n 1 "$FILE")
    [[ "$password" =~ ^[A-Za-z0-9_.~+/=-]{16,}$ ]] || fail "the password in $FILE is not 16 or more letters, digits or _.~+/=-"
  else
    password=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
  fi
  set_directives "requirepass $password"
  [ "$CHANGED" = 0 ] || restart_server
fi
cat << EXPORT
To use it in this shell:
  export REDIS_PASSWORD=\$(sudo awk 'tolower(\$1) == "requirepass" { p = \$2 } END { print p }' "$CONF")
EXPORT
