#!/usr/bin/env bash
# Builds the portal and copies it to where a deployed stack serves it from (parameter Portal=true), without a moment in which a page
# names a file that is not there. Files of versions before stay: somebody may have them open.
# usage: infra/dev/portal-aws.sh STACK|s3://BUCKET
set -euo pipefail
cd "$(dirname "$0")/../.."

where=${1:-}
[ -n "$where" ] || { sed -n '4s/^# //p' "$0" >&2; exit 2; }
command -v aws >/dev/null || { echo "This takes Amazon's command line, aws, which is not here." >&2; exit 1; }
if [ "${where#s3://}" = "$where" ]; then
  bucket=$(aws cloudformation describe-stacks --stack-name "$where" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='PortalBucketName'].OutputValue")
  [ -n "$bucket" ] && [ "$bucket" != None ] || { echo "The stack $where has no portal: deploy it with Portal=true." >&2; exit 1; }
  where=s3://$bucket
fi
infra/dev/portal.sh

# CloudFront packs by itself. A type that is told is not guessed by the machine that copies, and browsers take no other.
copy() { aws s3 cp frontend/dist "$where" --recursive --only-show-errors --exclude '*' "$@"; }
kept='public, max-age=31536000, immutable'
copy --include 'assets/*.js' --content-type text/javascript --cache-control "$kept"
copy --include 'assets/*.css' --content-type text/css --cache-control "$kept"
copy --include 'assets/*.woff2' --content-type font/woff2 --cache-control "$kept"
copy --include '*.svg' --exclude '*/*' --content-type image/svg+xml --cache-control no-cache
# What names all others comes last.
copy --include index.html --content-type 'text/html; charset=utf-8' --cache-control no-cache
echo "The portal is in $where."
