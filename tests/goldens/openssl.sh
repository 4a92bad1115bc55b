#!/usr/bin/env bash
# Signs inputs.tsv with OpenSSL's command line: bash openssl.sh > openssl.tsv
set -euo pipefail
cd "$(dirname "$0")"
echo "# made by: bash openssl.sh > openssl.tsv ($(openssl version | cut -d' ' -f1,2))"
bytes() { [ "$1" = - ] || printf "$(sed 's/../\\x&/g' <<< "$1")"; }
while IFS=$'\t' read -r vendor secret timestamp body; do
    case $vendor in
        smile-api) bytes "$body" | openssl dgst -sha512 -mac HMAC -macopt "hexkey:$secret" -r | cut -d' ' -f1 ;;
        smile-io) { printf '%s.' "$timestamp"; bytes "$body"; } |
            openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" -binary | openssl base64 -A && echo ;;
    esac
done < <(grep -v '^#' inputs.tsv)
