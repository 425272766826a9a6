# Two commands are all a newcomer needs: make demo, make test. A fresh clone needs Go and PostgreSQL only; whatever
# needs more says so.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules

# Developer tools are built at the versions that tools/go.mod pins.
LINT := bin/golangci-lint
VULN := bin/govulncheck

FUZZTIME  ?= 10s
BENCH     ?= .
BENCHTIME ?= 1s
SEED      ?= 1

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: build
build: ## Build bin/sealift
	go build -trimpath -o bin/sealift ./cmd/sealift

.PHONY: platforms
platforms: ## Build for every platform that README names, to see that it can be done
	@for platform in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64; do \
		echo "$$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} go build -o /dev/null ./cmd/sealift || exit 1; \
	done

.PHONY: demo
demo: postgresql build ## Copy a warehouse into another on this machine, with everything around it, and show the receipt
	./bin/sealift local demo

.PHONY: local
local: postgresql build ## Keep the stand-in running, until Ctrl-C; make its variables known with: bin/sealift local env
	./bin/sealift local up

.PHONY: test
test: postgresql ## Run all tests, with the race detector
	go test -race -timeout 22m ./...

.PHONY: clients
clients: postgresql ## Run the tests of clients that need more: psql 15, psycopg2, PostgreSQL's JDBC driver and a JDK, psqlODBC, DBD::Pg, s3cmd, rclone, the AWS CLI
	@missing=(); \
	psql --version 2>/dev/null | grep -qF '(PostgreSQL) 15.' || missing+=(postgresql-client-15); \
	/usr/bin/python3 -c 'import psycopg2' 2>/dev/null || missing+=(python3-psycopg2); \
	[ -e /usr/share/java/postgresql.jar ] || missing+=(libpostgresql-jdbc-java); \
	[ -e /usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so ] || missing+=(odbc-postgresql); \
	command -v isql >/dev/null || missing+=(unixodbc); \
	perl -MDBD::Pg -e1 2>/dev/null || missing+=(libdbd-pg-perl); \
	command -v javac >/dev/null || missing+=(default-jdk-headless); \
	for program in s3cmd rclone; do command -v $$program >/dev/null || missing+=($$program); done; \
	if [ $${#missing[@]} -gt 0 ]; then .ci/install "$${missing[@]}"; fi
	go test -race -tags clients -timeout 10m ./internal/local/clients
	go test -tags clients -timeout 10m -run TestScriptsOfTheCLI .

.PHONY: templates
templates: ## Hold the CloudFormation templates of the golden files against cfn-lint, which no package of Debian has: pip install cfn-lint
	cfn-lint --ignore-checks W1030 -- internal/setup/testdata/golden/*.template.yaml # W1030: without its key, IAM is to refuse a role

.PHONY: race
race: test ## The same as test

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s) each
	@grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/func //' | sort | while IFS=: read -r file target; do \
		echo "fuzz $$target in $$(dirname "$$file")"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
	done

.PHONY: bench
bench: postgresql ## Run the benchmarks: BENCH=regexp, BENCHTIME=1s
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -timeout 60m ./...

.PHONY: memory
memory: postgresql ## Unload and load 10 GB on the stand-in, and report the peak memory of the process
	go test ./internal/local -run '^$$' -bench FlatMemory -benchtime 1x -timeout 60m -gigabytes 10

.PHONY: loadmemory
loadmemory: postgresql ## Load 10 GB of standard input, records of 4 MB and 10,000 files, and report the peak memory of each
	go test . -run '^$$' -bench LoadMemory -benchtime 1x -timeout 60m -load-gigabytes 10

.PHONY: torture
torture: postgresql ## Break small copies in every way known, for about half an hour: SEED=1; report in torture.json
	go test . -run '^(TestTorture|TestSyncModel|TestAnUnloadIntoS3ThatIsKilledIsCleaned)$$' -torture -seed $(SEED) -report $(CURDIR)/torture.json -timeout 90m -v \
		| grep -vE '^ *(=== |--- PASS|--- SKIP)'
	go test ./internal/mask -run '^TestTwins' -timeout 90m -v -twin-rows 1000000

.PHONY: golden
golden: postgresql ## Rewrite the golden files from what the code answers now; review the diff
	@grep -rlE --include='*_test.go' 'flag\.Bool\("update"' . | xargs -r -n 1 dirname | sort -u | while read -r dir; do \
		go test "$$dir" -update; \
	done

.PHONY: docs
docs: ## Rewrite what is generated: the job file's manual and schema, the stand-in's tables
	go generate ./...

.PHONY: lint
lint: $(LINT) ## Run the linters, check formatting and go.mod
	go vet -tags clients ./...
	$(LINT) run ./...
	$(LINT) fmt --diff
	go mod tidy -diff
	go mod verify
	@go list -m -f '{{if not (or .Indirect .Main)}}{{.Path}}{{end}}' all | sed 's#^\(github.com/aws/aws-sdk-go-v2\)/.*#\1#' | sort -u | while read -r module; do \
		grep -qF "\`$$module\`" docs/dependencies.md || { echo "docs/dependencies.md has no line for $$module" >&2; exit 1; }; \
	done

.PHONY: vuln
vuln: $(VULN) ## Look for known vulnerabilities in what is called; needs vuln.go.dev
	$(VULN) ./...

$(LINT): TOOL := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(VULN): TOOL := golang.org/x/vuln/cmd/govulncheck
$(LINT) $(VULN): tools/go.mod tools/go.sum
	GOBIN=$(CURDIR)/bin go -C tools install $(TOOL)
	@touch $@

.PHONY: check
check: test clients lint demo ## Everything that CI runs, with the same commands

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin

# The stand-in runs on a real PostgreSQL, found in the places that the stand-in looks in itself, else installed where
# that is possible.
.PHONY: postgresql
postgresql:
	@for initdb in "$${SEALIFT_POSTGRES_BIN:-}/initdb" "$$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb \
		/opt/homebrew/opt/postgresql*/bin/initdb /usr/local/opt/postgresql*/bin/initdb; do \
		if [ -x "$$initdb" ]; then exit 0; fi; \
	done; .ci/install postgresql
