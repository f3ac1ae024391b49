#!/usr/bin/env bash
# Runs a node of the Bittensor network from a built subtensor, so that FileTAO need not depend on public endpoints:
#   start_local_subtensor.sh [FOLDER] [finney|testfinney]      defaults: ./subtensor finney
# Use it with --subtensor.network local, or better, as it then also checks that it is the right chain:
#   --subtensor.network finney --subtensor.chain_endpoint ws://127.0.0.1:9944
# Under pm2 where it is installed (pm2 logs subtensor), else in the foreground. Chain data stay in FOLDER/data.
set -euo pipefail

folder="$(cd "${1:-./subtensor}" 2>/dev/null && pwd)" || {
  echo "there is no folder ${1:-./subtensor}: build subtensor first with $(dirname "$0")/build_subtensor_linux.sh" >&2
  exit 1
}
network="${2:-finney}"
case "${network}" in
  finney)
    spec="${folder}/chainspecs/raw_spec_finney.json"
    bootnode="/dns/bootnode.finney.chain.opentensor.ai/tcp/30333/ws/p2p/12D3KooWRwbMb85RWnT8DSXSYMWQtuDwh4LJzndoRrTDotTR5gDC"
    ;;
  testfinney)
    spec="${folder}/chainspecs/raw_spec_testfinney.json"
    bootnode="/dns/bootnode.test.finney.opentensor.ai/tcp/30333/ws/p2p/12D3KooWPM4mLcKJGtyVtkggqdG84zWrd7Rij6PGQDoijh1X86Vr"
    ;;
  *)
    echo "the network is finney or testfinney, not ${network}" >&2
    exit 2
    ;;
esac

binary="${folder}/target/release/node-subtensor"
for file in "${binary}" "${spec}"; do
  if [ ! -e "${file}" ]; then
    echo "there is no ${file}: build subtensor first with $(dirname "$0")/build_subtensor_linux.sh ${folder}" >&2
    exit 1
  fi
done

arguments=(
  --base-path "${folder}/data/${network}"
  --chain "${spec}"
  --bootnodes "${bootnode}"
  --sync warp
  --rpc-port 9944
  --rpc-max-connections 1000
  --port 30333
)
if command -v pm2 >/dev/null; then
  exec pm2 start "${binary}" --name subtensor -- "${arguments[@]}"
fi
exec "${binary}" "${arguments[@]}"
