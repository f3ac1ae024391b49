#!/usr/bin/env bash
# Closes the port of Redis to other machines with ufw, and leaves everything else alone. It never turns ufw on by
# itself, because that could cut off SSH: --enable allows SSH first, then turns it on.
# Options: --conf FILE, --dry-run, --enable.
USAGE="[--enable]"
. "$(dirname "$0")/conf.sh"
ENABLE=0
own_option() { [ "$1" = --enable ] || usage "unknown option $1"; ENABLE=1; }
parse_options "$@"
port=6379
if [ -r "$CONF" ]; then port=$(directive port); port=${port:-6379}; fi
UFW=${UFW:-ufw}
run() { if [ "$DRY_RUN" = 1 ]; then echo "would run: ufw $*"; else "$UFW" "$@" || fail "ufw $* failed"; fi; }
if [ "$DRY_RUN" = 0 ]; then
  command -v "$UFW" > /dev/null || fail "ufw is not installed: apt-get install ufw, or close port $port in your own firewall"
  [ "$(id -u)" = 0 ] || fail "run this with sudo"
  if "$UFW" status | grep -q inactive && [ "$ENABLE" = 0 ]; then
    fail "ufw is off, so its rules have no effect: --enable allows SSH and turns it on"
  fi
fi
# ufw takes the first rule that fits, and says itself when a rule is there already.
run allow from 127.0.0.1 to any port "$port" proto tcp
run deny "$port/tcp"
if [ "$ENABLE" = 1 ]; then run allow OpenSSH; run --force enable; fi
run reload
echo "port $port is open to this machine only"
