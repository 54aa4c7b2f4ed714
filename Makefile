# `make` alone lists the targets.
.DEFAULT_GOAL := help

RELEASE := $(shell git describe --tags --always --dirty 2>/dev/null)
ARGS ?=
TESTFLAGS ?=
BENCH ?= .
PLAY ?= Chaos
# The version is the one that ran on the Go version of go.mod with all of its modules served by the proxy.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
REDOCLY := @redocly/cli@2.77.0
GOSEC := github.com/securego/gosec/v2/cmd/gosec@v2.29.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.8.0
DEADCODE := golang.org/x/tools/cmd/deadcode@v0.52.0
# What gosec need not look for, and why, is in docs/decisions/0018-what-gosec-need-not-look-for.md.
GOSEC_FLAGS := -quiet -exclude=G104,G115,G203,G204,G301,G302,G304,G306,G404 -exclude-dir=internal/testing -exclude-generated
# `make lint` vets everything. Without this setting the race detector has every test program wait for a second before it ends.
RACE := GORACE=atexit_sleep_ms=10
SOURCES := cmd internal jobs migrations queue reports web

# RELEASE says what Go's own stamp would, and does so too where git refuses a checkout that another user owns.
export GOFLAGS := $(shell go env GOFLAGS) -buildvcs=false

DAYS ?= 400
AT ?=
# The whole suite by default.
PACKAGES ?= ./...

.PHONY: help build run prepare test test/calendar lint verify bench readers long browser chaos check/image check/duckdb check/csvw check/openapi pictures generate clean db/install db/reset

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z\/]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/cpd-jobs, one static program
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.release=$(RELEASE)' -o bin/cpd-jobs ./cmd/cpd-jobs

run: db/install ## build, and show all of it on this machine with made-up schools; ARGS="--schools 500" passes flags on
	@bin/cpd-jobs demo $(ARGS)

test: prepare ## install what the tests need, and run all of them with the race detector
	CGO_ENABLED=1 $(RACE) go test -race -vet=off -timeout 40m $(TESTFLAGS) ./...

test/calendar: prepare ## run the tests as if it were DAYS=400 days later, or AT=2027-03-28T00:58:00Z
	CGO_ENABLED=1 .ci/calendar $(if $(AT),$$(( $$(date -u -d '$(AT)' +%s) - $$(date -u +%s) )),$$(( $(DAYS) * 86400 ))) -vet=off -timeout 40m $(TESTFLAGS) $(PACKAGES)

prepare: db/install
	@.ci/prepare

db/install: build ## find PostgreSQL's programs, or install them
	@bin/cpd-jobs db install

lint: ## check format, vet, staticcheck, gosec, workflows, known vulnerabilities, dead code, go.mod and which package imports which
	@unformatted=$$(gofmt -l $(SOURCES)) && if [ -n "$$unformatted" ]; then \
		echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(GOSEC) $(GOSEC_FLAGS) ./...
	go run $(ACTIONLINT) -shellcheck= -pyflakes=
	@.ci/vulnerabilities $(GOVULNCHECK)
	@dead=$$(go run $(DEADCODE) ./cmd/...) && if [ -n "$$dead" ]; then \
		echo "functions that nothing but tests calls:"; echo "$$dead"; exit 1; fi
	go mod tidy -diff
	go test -count=1 ./internal/archtest

verify: lint test ## lint and test

bench: prepare ## run the benchmarks, once each, and the readers, and write docs/performance.md; BENCH=Refresh runs the benchmarks of that name alone
	CPD_JOBS_LONG=1 go test -json -run '^$$' -bench '$(BENCH)' -benchtime 1x -p 1 -timeout 120m $(TESTFLAGS) ./... | go run ./internal/testing/figures docs/performance.md
	$(if $(filter .,$(BENCH)),@$(MAKE) --no-print-directory readers)

readers: prepare ## refresh a thousand times beside readers, and the like: in full length, for docs/performance.md, what tests do in brief
	CPD_JOBS_LONG=1 go test -json -count=1 -p 1 -run 'Pgbench|ReadersNever|HistoryGrows|DownloadsAtOnce' -timeout 60m $(TESTFLAGS) ./reports/refresh ./reports/versions ./internal/bench ./cmd/cpd-jobs | go run ./internal/testing/figures docs/performance.md

long: prepare ## run in full length the other tests that are brief by default: every change of the clocks, days of missed seconds, a sheet to its last row
	CPD_JOBS_LONG=1 CGO_ENABLED=1 $(RACE) go test -race -vet=off -count=1 -timeout 60m $(TESTFLAGS) ./queue/... ./jobs/export ./reports/xlsx

browser: prepare ## look at every page in every width with Chromium: in full length what tests do in brief
	BROWSER=full go test -count=1 -run 'Page|Keyboard|Browser' $(TESTFLAGS) ./web

chaos: prepare ## run the tests that kill, freeze and cut off real processes, in full length, and write docs/resilience.md; PLAY=Zone runs those of that name alone
	CHAOS=full CGO_ENABLED=1 go test -json -race -count=1 -run '$(PLAY)' -timeout 60m $(TESTFLAGS) ./internal/chaos | go run ./internal/testing/figures docs/resilience.md

check/image: ## build the image, bring deploy/compose.yml up and try it, by way of Docker and Compose
	@deploy/check

check/duckdb: db/install ## open exported Parquet and CSV files with DuckDB, by way of npm and Node
	@modules=$$(mktemp -d) && trap 'rm -rf "$$modules"' EXIT && \
	npm install --prefix "$$modules" --no-audit --no-fund --silent @duckdb/node-api && \
	DUCKDB_MODULES="$$modules/node_modules" go test -count=1 -run DuckDB ./jobs/export

check/openapi: ## lint the API's document with Redocly's linter, by way of npx and Node
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --yes $(REDOCLY) lint --extends recommended-strict web/testdata/openapi.json

check/csvw: db/install ## hold an exported CSV file against its description, by way of npm and Node
	@modules=$$(mktemp -d) && trap 'rm -rf "$$modules"' EXIT && \
	npm install --prefix "$$modules" --no-audit --no-fund --silent tableschema@1.12.6 && \
	CSVW_MODULES="$$modules/node_modules" go test -count=1 -run Validator ./jobs/export

pictures: prepare ## take pictures of every page into docs/pictures; PICTURES_URL=http://127.0.0.1:8080 takes those of a running demo
	UPDATE_PICTURES=1 go test -count=1 -run '^TestPictures$$' ./web

generate: ## make anew what is generated from the sources
	go generate ./...

clean: ## delete what was built
	rm -rf bin

db/reset: build ## delete the demo's databases and exported files on this machine
	@bin/cpd-jobs db reset --yes
