# The commands of this project. `make run` and `make test` are all that a newcomer needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
# Folder of advisory documents for `make run FEEDS=DIR`.
FEEDS ?=
# Stack of CloudFormation for `make portal-aws`.
STACK ?= bulkhead

.PHONY: help prepare run stop demo portal portal-aws test test-api test-aws test-windows test-portal screenshots lint bench bench-portal lambda fuzz cost cost-measure schemas clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

prepare: ## install, or name precisely, what building needs
	@infra/dev/prepare.sh build

run: ## build, start the server on 127.0.0.1:8080, scan this machine, print the ten highest risks (FEEDS=DIR for advisories)
	@infra/dev/prepare.sh build
	@FEEDS='$(FEEDS)' infra/dev/run.sh

stop: ## stop the servers that `make run` and `make demo` started
	@infra/dev/run.sh stop
	@infra/dev/demo.sh stop

demo: ## a server on 127.0.0.1:8080 with an estate that is made up: 40 hosts, 300 images, 1,500 containers (FEEDS=DIR for advisories)
	@infra/dev/prepare.sh build
	@FEEDS='$(FEEDS)' infra/dev/demo.sh

portal: ## build the portal into frontend/dist
	@infra/dev/prepare.sh lint
	@infra/dev/portal.sh

portal-aws: ## build the portal and copy it to where the stack STACK=bulkhead serves it from
	@infra/dev/prepare.sh lint
	@infra/dev/portal-aws.sh '$(STACK)'

test: ## all tests, with what they need set up first
	@infra/dev/prepare.sh test
	@infra/dev/issuer.sh
	$(CARGO) test --workspace --locked

test-api: ## a server against its own description, and the description in the hands of a stranger's client
	@infra/dev/prepare.sh test
	@infra/dev/schemathesis.sh

test-aws: ## the AWS adapter and the deployed stack, on servers that it installs and starts on loopback
	@infra/dev/prepare.sh test
	@infra/dev/test-aws.sh

test-windows: ## compile agent/ and core/ for Windows and run their unit tests under Wine
	@infra/dev/test-windows.sh

test-portal: ## the portal in a real browser against a real server
	@infra/dev/prepare.sh browser
	@FEEDS='$(FEEDS)' infra/dev/browser.sh

screenshots: ## pictures of the portal's pages, light and dark, wide and narrow, in target/screenshots
	@infra/dev/prepare.sh browser
	@FEEDS='$(FEEDS)' infra/dev/browser.sh pictures

lint: ## formatting, clippy, scripts, the template, the portal
	@infra/dev/prepare.sh lint
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	bash -n .ci/run infra/dev/*.sh infra/dev/*/*.sh
	@infra/dev/lint-infra.sh
	@infra/dev/lint-frontend.sh

bench: ## speed and memory, as ratios against their limits
	@infra/dev/prepare.sh build
	@infra/dev/bench.sh

bench-portal: ## how fast the portal is, by Lighthouse and on a slow processor, and its accessibility, as ratios against their limits
	@infra/dev/prepare.sh browser
	@FEEDS='$(FEEDS)' infra/dev/browser.sh bench

lambda: ## the package for AWS Lambda, small (ARCHITECTURE=arm64 or x86_64; this machine's without it)
	@infra/dev/prepare.sh build
	@infra/dev/lambda.sh

fuzz: ## every parser of bytes from outside against a fuzzer, FUZZ_SECONDS=60 for each
	@infra/dev/prepare.sh build
	@infra/dev/fuzz.sh

cost: ## the monthly bill of 100, 1,000 and 10,000 hosts in the cloud; also writes it into infra/README.md
	@$(CARGO) run --locked --quiet -p cost -- write infra/README.md

cost-measure: ## measure anew what each event asks of the cloud's services, then the same
	@$(CARGO) run --locked --quiet -p cost -- measure infra/cost/measured.toml
	@$(MAKE) --no-print-directory cost

schemas: ## write schemas/ (json, openapi.json, lists, permissions, problems) anew from the types, and the client's types
	BULKHEAD_UPDATE=1 $(CARGO) test --locked -p schemas -p access -p api
	@infra/dev/prepare.sh lint
	@infra/dev/lint-frontend.sh schema

clean: ## forget the local server's data and the build
	rm -rf .bulkhead
	$(CARGO) clean
