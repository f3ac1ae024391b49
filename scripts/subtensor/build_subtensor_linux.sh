#!/usr/bin/env bash
# Builds a subtensor node from source on Debian or Ubuntu.
#   build_subtensor_linux.sh [FOLDER]      default: ./subtensor
# Asks for sudo only to install packages. Needs about 20 GB of disk and half an hour.
# SUBTENSOR_BRANCH names another branch or tag than main.
set -euo pipefail

folder="${1:-./subtensor}"
branch="${SUBTENSOR_BRANCH:-main}"

sudo apt-get update
sudo apt-get install -y build-essential clang cmake curl git libssl-dev llvm make pkg-config protobuf-compiler

if ! command -v cargo >/dev/null; then
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal
  # shellcheck disable=SC1091
  . "${HOME}/.cargo/env"
fi

if [ -d "${folder}/.git" ]; then
  git -C "${folder}" fetch --depth 1 origin "${branch}"
  git -C "${folder}" checkout --detach FETCH_HEAD
else
  git clone --depth 1 --branch "${branch}" https://github.com/opentensor/subtensor "${folder}"
fi

cd "${folder}"
# rust-toolchain.toml of the repository names the compiler; the runtime is WebAssembly.
rustup target add wasm32-unknown-unknown
cargo build --release --locked --package node-subtensor
echo "built ${PWD}/target/release/node-subtensor; run it with start_local_subtensor.sh ${folder}"
