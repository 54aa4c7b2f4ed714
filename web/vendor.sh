#!/bin/sh
# Brings GOV.UK Frontend (into assets/govuk) and, for the tests, axe-core (into testdata) up to the versions named here.
# Run it after changing a version: make vendor-web, or go generate ./web. It needs npm, and changes nothing else.
#
# Only a service on service.gov.uk may use the GDS Transport font, the crown and the GOV.UK logotype, so they are left
# out: every image of the package carries one of them, so none is taken, and the page has an icon of its own.
# GOVUK_FONT=1 keeps the font, for a build that is served there.
set -eu

govuk=6.6.0
axe=4.14.1

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

unpack() { # name version: leaves the package in $tmp/name
	mkdir "$tmp/$1"
	(cd "$tmp/$1" && npm pack --silent "$1@$2" >/dev/null && tar -xzf "$1-$2.tgz" --strip-components 1)
}

unpack govuk-frontend "$govuk"
dist=$tmp/govuk-frontend/dist/govuk
to=$here/assets/govuk
mkdir -p "$to"
rm -rf "$to"/*.css "$to"/*.js "$here/assets/fonts"

# The crest is only drawn by the footer's copyright logo, which our footer does not have.
sed -E -e 's#(-webkit-)?(background|mask)-image:url\(/assets/images/govuk-crest\.svg\);?##g' \
	-e '/^\/\*# sourceMappingURL=/d' "$dist/govuk-frontend.min.css" >"$tmp/plain.css"
if [ "${GOVUK_FONT:-}" = 1 ]; then
	cp "$tmp/plain.css" "$to/govuk-frontend.min.css"
	cp -R "$dist/assets/fonts" "$here/assets/fonts"
else
	sed -E 's/@font-face\{font-family:GDS Transport[^}]*\}//g; s/GDS Transport,//g' "$tmp/plain.css" >"$to/govuk-frontend.min.css"
fi
sed -E 's#//\# sourceMappingURL=.*$##' "$dist/govuk-frontend.min.js" >"$to/govuk-frontend.min.js"
echo "$govuk" >"$to/VERSION"

unpack axe-core "$axe"
mkdir -p "$here/testdata"
cp "$tmp/axe-core/axe.min.js" "$here/testdata/axe.min.js"
cp "$tmp/axe-core/LICENSE" "$here/testdata/axe.LICENSE"

if grep -qE 'GDS Transport|/assets/(fonts|images)/|sourceMappingURL' "$to"/*.css "$to"/*.js && [ "${GOVUK_FONT:-}" != 1 ]; then
	echo "vendor.sh: something that only GOV.UK may use, or a source map, is left in $to" >&2
	exit 1
fi
