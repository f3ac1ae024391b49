#!/usr/bin/env bash
# Installs redis-server 7 or later from the system's packages and enables it at boot.
# Options: --dry-run. Does nothing where redis-server is there already.
USAGE=""
. "$(dirname "$0")/conf.sh"
parse_options "$@"
if command -v redis-server > /dev/null; then
  version=$(redis-server --version | sed 's/.*v=\([0-9]*\).*/\1/')
  [ "$version" -ge 7 ] || fail "redis-server $version is installed; FileTAO wants 7 or later"
  echo "redis-server is installed: $(redis-server --version | sed 's/ sha=.*//')"
  exit 0
fi
if command -v apt-get > /dev/null; then install="apt-get update && apt-get install -y redis-server"
elif command -v dnf > /dev/null; then install="dnf install -y redis"
elif command -v brew > /dev/null; then install="brew install redis"
else fail "no apt-get, dnf or brew here: see https://redis.io/docs/latest/operate/oss_and_stack/install/"; fi
if [ "$DRY_RUN" = 1 ]; then echo "would run: $install"; exit 0; fi
if [ "$(id -u)" != 0 ] && [[ "$install" != brew* ]]; then fail "run this with sudo"; fi
DEBIAN_FRONTEND=noninteractive bash -c "$install" || fail "installing failed: $install"
command -v redis-server > /dev/null || fail "the package is installed, but redis-server is not on PATH"
if command -v systemctl > /dev/null && [ -d /run/systemd/system ]; then systemctl enable --now redis-server || systemctl enable --now redis; fi
echo "installed: $(redis-server --version | sed 's/ sha=.*//')"
