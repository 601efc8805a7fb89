#!/bin/sh
# NATS reads variables and no files: each secret becomes the variable of its name, for the server alone.
set -eu
for secret in /run/secrets/*; do
  value=$(cat "$secret") # apart from `export`, whose own success would hide that this failed
  if [ -z "$value" ]; then
    echo "$secret is empty: to NATS that is a password like any other. Remove the file and run \`make secrets\`." >&2
    exit 1
  fi
  export "${secret##*/}=$value"
done
if [ -n "${NATS_PASSWORD_CLUSTER:-}" ]; then
  export NATS_ROUTE_1="nats://cluster:$NATS_PASSWORD_CLUSTER@nats:6222"
  export NATS_ROUTE_2="nats://cluster:$NATS_PASSWORD_CLUSTER@nats2:6222"
  export NATS_ROUTE_3="nats://cluster:$NATS_PASSWORD_CLUSTER@nats3:6222"
fi
exec nats-server --config "$1"
