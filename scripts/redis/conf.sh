# Sourced by the scripts beside it: their options, and changing redis.conf line by line with a backup.
#
#   --conf FILE     redis.conf to change (default /etc/redis/redis.conf)
#   --dry-run       say what would change, change nothing
#   --no-restart    leave the running server alone
#
# Exit codes: 0 done or nothing to do, 1 failed, 2 wrong usage.
set -euo pipefail

CONF=/etc/redis/redis.conf
DRY_RUN=0
RESTART=1

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }
usage() { echo "$(basename "$0"): $*" >&2; echo "usage: $(basename "$0") [--conf FILE] [--dry-run] [--no-restart]${USAGE:+ $USAGE}" >&2; exit 2; }

# Options of one script: it redefines this, sets what it is given, and TAKEN to 2 where an option has a value.
own_option() { usage "unknown option $1"; }

# The file may also be given as the only plain argument.
parse_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --conf) [ $# -gt 1 ] || usage "--conf needs a file"; CONF=$2; shift ;;
      --dry-run) DRY_RUN=1 ;;
      --no-restart) RESTART=0 ;;
      -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
      --*) TAKEN=1; own_option "$@"; [ "$TAKEN" = 1 ] || shift ;;
      *) CONF=$1 ;;
    esac
    shift
  done
}

require_conf() {
  [ -f "$CONF" ] || fail "$CONF does not exist: name it with --conf (is redis-server installed?)"
  [ -r "$CONF" ] || fail "$CONF cannot be read: run this with sudo"
  [ "$DRY_RUN" = 1 ] || [ -w "$CONF" ] || fail "$CONF cannot be written: run this with sudo"
}

# The value of a directive as the server would take it: the last line counts. Empty where there is none.
directive() { awk -v name="$1" 'tolower($1) == name { $1 = ""; sub(/^ /, ""); value = $0 } END { print value }' "$CONF"; }

# set_directives "name value" …: exactly one line for each name, in place of the first there was.
# Values reach awk by the environment, so no character in them means anything.
set_directives() {
  local next
  next=$(mktemp "${TMPDIR:-/tmp}/redis-conf.XXXXXX")
  cp "$CONF" "$next"
  local line
  for line in "$@"; do
    NAME="${line%% *}" LINE="$line" awk '
      tolower($1) == ENVIRON["NAME"] { if (!done) print ENVIRON["LINE"]; done = 1; next }
      { print }
      END { if (!done) print ENVIRON["LINE"] }' "$next" > "$next.new"
    mv "$next.new" "$next"
  done
  if cmp -s "$CONF" "$next"; then
    rm -f "$next"
    CHANGED=0
    echo "$CONF is as it should be: nothing to change"
    return
  fi
  CHANGED=1
  for line in "$@"; do
    case "$line" in requirepass*) echo "requirepass [not shown]" ;; *) echo "$line" ;; esac
  done | sed "s|^|$([ "$DRY_RUN" = 1 ] && echo 'would set: ' || echo 'set: ')|"
  if [ "$DRY_RUN" = 1 ]; then rm -f "$next"; return; fi
  local backup
  backup="$CONF.$(date +%Y%m%d-%H%M%S).$$.bak"
  cp -p "$CONF" "$backup"
  echo "backup: $backup"
  # Through the file itself, so that owner and mode stay, and a full disk is noticed before the backup is all there is.
  cat "$next" > "$CONF" || { cp "$backup" "$CONF"; rm -f "$next"; fail "writing $CONF failed: restored"; }
  rm -f "$next"
}

# The running server on the port of redis.conf takes the settings over without a restart where it can.
cli() {
  local port
  port=$(directive port)
  if [ -n "${REDIS_PASSWORD:-}" ]; then REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -p "${port:-6379}" "$@"
  else redis-cli -p "${port:-6379}" "$@"; fi
}

restart_server() {
  [ "$DRY_RUN" = 0 ] && [ "$RESTART" = 1 ] || return 0
  command -v systemctl > /dev/null && [ -d /run/systemd/system ] || {
    echo "no systemd here: restart redis-server yourself for the change to take effect"
    return 0
  }
  systemctl restart redis-server 2> /dev/null || systemctl restart redis || fail "redis-server did not restart: see journalctl -u redis-server; the backup restores the old file"
  echo "redis-server restarted"
}
