#!/usr/bin/env bash
# Runs subtensor in its own container.
#   start_subtensor_container.sh [finney|testfinney]     a node of the network, through the project's compose file
#   start_subtensor_container.sh localnet                a chain of one's own, where //Alice is rich: for tests
# The compose file comes from the subtensor repository, which is cloned to ./subtensor if it is not there
# (SUBTENSOR_FOLDER names another folder).
set -euo pipefail

what="${1:-finney}"
folder="${SUBTENSOR_FOLDER:-./subtensor}"

if [ "${what}" = localnet ]; then
  # Ports of the two authorities of the image; FileTAO's conformance suite:
  #   SUBTENSOR_URL=ws://127.0.0.1:9944 SUBTENSOR_NETUID=1 npm run test:chain
  exec docker run --rm --name subtensor-localnet -p 127.0.0.1:9944:9944 -p 127.0.0.1:9945:9945 \
    ghcr.io/opentensor/subtensor-localnet:main
fi

case "${what}" in
  finney) service=mainnet-lite ;;
  testfinney) service=testnet-lite ;;
  *)
    echo "finney, testfinney or localnet, not ${what}" >&2
    exit 2
    ;;
esac
if [ ! -e "${folder}/docker-compose.yml" ]; then
  git clone --depth 1 https://github.com/opentensor/subtensor "${folder}"
fi
cd "${folder}"
exec docker compose up --detach "${service}"
