# What each target needs and lacks is installed first; see scripts/.
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
.PHONY: run build test test-long bench lint audit fuzz mutate web deps test-deps

# The version control stamp needs a repository that git trusts (not, say, another user's).
export GOFLAGS := $(GOFLAGS) -buildvcs=$(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)
LINT = go tool -modfile=scripts/lint/go.mod golangci-lint

# Packages that start no goroutine, or none but those of package agent: the race detector has nothing to find in them that it
# does not find elsewhere, and slows them tenfold.
SEQUENTIAL = $(shell go list ./demo ./domain/... ./agent/offline/... ./eval/... 2>/dev/null)
# Tests that start the program many times. What runs in it has the race detector in the tests of its own package; here the detector sees
# sixteen partners who chat at once with the whole of it.
PROGRAM = $(shell go list ./cmd/partnerhub 2>/dev/null)
# Two programs, with a time to answer: alone on the machine.
FAULTS = $(shell go list ./faults 2>/dev/null)

# Serves the hub with demo data on http://localhost:8080.
run: deps build
	@exec bin/partnerhub serve --dev --demo

build: web
	@scripts/deps go
	@CGO_ENABLED=0 go build -trimpath -o bin/partnerhub ./cmd/partnerhub

# The web app, in web/dist, is committed: this builds it only after a change in web/ui.
web:
	@scripts/web build

test: test-deps
	go vet ./...
	go test -race -timeout 20m $(filter-out $(SEQUENTIAL) $(PROGRAM) $(FAULTS),$(shell go list ./... 2>/dev/null))
	go test -race -run SixteenPartners $(PROGRAM)
	go test -timeout 20m $(SEQUENTIAL) $(PROGRAM)
	go test $(FAULTS)
	@scripts/web test

# Hours of random data, large volumes, soak.
test-long: test-deps
	go test -tags long -timeout 60m $(filter-out $(FAULTS),$(shell go list ./... 2>/dev/null))
	go test -tags long -timeout 60m -v $(FAULTS)

bench: deps
	go run ./bench

lint:
	@scripts/deps go
	$(LINT) run ./...
	@scripts/web lint

# The dependencies in the databases of known holes, where those answer.
audit:
	@scripts/audit

# A minute of random input for each parser.
fuzz:
	@scripts/fuzz

# Whether the tests of the packages that reckon with money notice a change in them.
mutate:
	@scripts/mutate

deps:
	@scripts/deps go postgres

test-deps:
	@scripts/deps go gcc curl postgres
