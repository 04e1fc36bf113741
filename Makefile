# The targets that people and CI use; `make help` lists them.
GOLANGCI := $(shell sed -n '1s/.*golangci-lint \(v[0-9.]*\).*/\1/p' .golangci.yml)
BIN ?= bin
RUNS ?= 10
MINUTES ?= 0

.PHONY: help build check test test-full race lint generate bench bench-peers matrix sizing-table sizing-real aws-smoke sample

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

build: ## build the program into bin/
	go build -o $(BIN)/ ./cmd/...

check: test race lint ## what CI runs first

test: ## the tests that need only Go
	go test ./...

test-full: ## the same with the statistics in full, as CI runs them
	PLIMSOLL_FULL_TESTS=1 go test ./...

race: ## the same with the race detector
	go test -race ./...

lint: ## golangci-lint, at the version of .golangci.yml
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI) run

generate: ## plimsoll.d.ts and the script reference, from the module table
	go generate ./...

bench: ## the benchmarks of the hot path
	go test -run '^$$' -bench . -benchmem ./runtime/engine ./runtime/vu ./runtime/metric ./runtime/sched ./jsapi/http

bench-peers: ## what a request costs beside other load generators (docs/performance.md); ARGS='-only get-64 -seconds 2', -pin; takes half an hour of a quiet machine
	go -C .ci/bench run . -o $(CURDIR)/docs/performance.md $(ARGS)

matrix: ## size real services that are limited in one way each (docs/resources-matrix.md); CELL=, VARIANT=, RUNS=, MINUTES=; takes hours, goes on where it stopped
	go test ./sizing/bottleneck -tags real -run TestRealMatrix -count=1 -v -timeout 24h -matrix $(CURDIR)/docs/resources-matrix.jsonl \
	-table $(CURDIR)/docs/resources-matrix.md -times $(RUNS) -minutes $(MINUTES) -cell '$(CELL)' -variant '$(VARIANT)'

sizing-table: ## what the controller achieves on all models, in virtual time (docs/sizing-table.md); takes hours of one core
	go test ./sizing/sizingtest -run TestTable -count=1 -timeout 12h -args -table $(CURDIR)/docs/sizing-table.md -seeds 200

sizing-real: ## size real processes, and write the tables of docs/sizing-real.md; takes an hour
	PLIMSOLL_SIZING_RUNS=5 PLIMSOLL_SIZING_TABLES=$(CURDIR)/docs/sizing-real.md PLIMSOLL_SIZING_RECORDS=$(CURDIR)/bin/records \
	go test -tags real -count=1 -v -timeout 3h -run TestRealSizing ./cmd/plimsoll

aws-smoke: build ## size an nginx on one t3.micro of your own AWS account, for 0.05 USD at most (docs/remote.md)
	$(BIN)/plimsoll remote size --image nginx:alpine --port 80 --type t3.micro --max-cost 0.05 --budget 2m examples/hello.js
	$(BIN)/plimsoll remote status

sample: ## docs/sample-report.html and its pictures, from the demo
	.ci/sample
