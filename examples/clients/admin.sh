#!/usr/bin/env bash
# The admin API with bash, curl and jq.
#
#   export ISSUER=http://localhost:3000 ADMIN_APP=automation ADMIN_SECRET=cs_app_...
#   bash admin.sh create 'Nightly report' read     makes an app with these scopes, and prints its id and its secret
#   bash admin.sh rotate APP_ID [SECONDS]          gives it another secret; the old ones work for a day, or for so long
#   bash admin.sh list [WORD]                      prints every app, or those with the word, one JSON object a line
set -euo pipefail

: "${ISSUER:?the address of the server}" "${ADMIN_APP:?the id of the app that administers}" "${ADMIN_SECRET:?its secret}"

# call ARGUMENTS: prints the answer or, when it is an error, says why it was refused and how to go on. Secrets come from
# standard input: everybody on this machine can read the arguments of a command.
call() {
  local answer
  if answer=$(curl --silent --show-error --fail-with-body --config - "$@"); then
    printf '%s' "$answer"
  else
    jq --raw-output '.detail // "\(.error): \(.error_description)"' <<<"${answer:-null}" >&2
    return 1
  fi
}

get_token() {
  printf 'user = "%s:%s"\n' "$ADMIN_APP" "$ADMIN_SECRET" |
    call --data grant_type=client_credentials "$ISSUER/oauth/token" | jq --raw-output .access_token
}

# api METHOD PATH [BODY]
api() {
  local body=()
  if [ $# -gt 2 ]; then body=(--header 'Content-Type: application/json' --data "$3"); fi
  printf 'header = "Authorization: Bearer %s"\n' "$token" |
    call --request "$1" "${body[@]}" "$ISSUER/api/admin/v1$2"
}

encoded() { jq --null-input --raw-output --arg text "$1" '$text | @uri'; }

create() {
  local name=$1
  shift
  api POST /apps "$(jq --null-input --arg name "$name" '{$name, grants: ["client_credentials"], scopes: $ARGS.positional}' --args "$@")" |
    jq '{id, secret: .secret.value}'
}

rotate() {
  local secrets overlap=${2:-86400} id old
  secrets="/apps/$(encoded "$1")/secrets"
  old=$(api GET "$secrets?limit=200" | jq --raw-output '.items[] | select(.expires_at == null) | .id')
  # The new one first: should anything fail after it, the old ones still work.
  api POST "$secrets" '{"label": "rotated"}' | jq '{id, secret: .value}'
  for id in $old; do api PATCH "$secrets/$id" "{\"expires_in\": $overlap}" >/dev/null; done
}

list() {
  local cursor='' page query="limit=200"
  if [ -n "${1:-}" ]; then query+="&q=$(encoded "$1")"; fi
  while :; do
    page=$(api GET "/apps?$query${cursor:+&cursor=$(encoded "$cursor")}")
    jq --compact-output '.items[] | {id, name}' <<<"$page"
    cursor=$(jq --raw-output '.next_cursor // empty' <<<"$page")
    if [ -z "$cursor" ]; then break; fi
  done
}

case "${1:-}" in
  create | rotate | list) ;;
  *)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 64
    ;;
esac
token=$(get_token)
"$@"
