PY := .venv/bin/python
# The checks look at the code alone, whatever .env or the shell says about databases.
ALONE := DB_ENGINE=sqlite DB_NAME= DATA_DIR=var/check
SCRIPTS := bin/run bin/with-mariadb gunicorn.conf.py
# Side by side on two cores, each one's output in one piece where make can do that.
PARALLEL := $(MAKE) --no-print-directory --keep-going -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# The line in which pytest sums up.
CLOSING := grep -E '(passed|failed|errors?|deselected|no tests ran).* in [0-9]'

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 10

.PHONY: run
run:  ## set up, then web and worker at http://127.0.0.1:8000/ until Ctrl-C
	@bin/setup
	@exec $(PY) bin/run

.PHONY: check
check: setup-dev  ## style, types, layers, missing migrations: for each save
	@$(PARALLEL) check-style check-types check-layers check-migrations check-django check-phone

.PHONY: test
test: check  ## everything that must hold, on SQLite and on a private MariaDB
	@rm -rf var/test && mkdir -p var/test
	@echo "--- the suite is running, on both databases at once: see var/test/*.txt"
	@code=0; \
	$(PARALLEL) test-sqlite test-mariadb test-phone || code=1; \
	$(MAKE) --no-print-directory coverage || code=1; \
	for name in sqlite mariadb; do echo "$$name: $$($(CLOSING) var/test/$$name.txt | tail -n 1)"; done; \
	exit $$code

.PHONY: scale
scale: setup-dev  ## the long tests: millions of rows, sustained fire
	@rm -rf var/scale && mkdir -p var/scale
	@echo "--- the long tests are running, on both databases at once: see var/scale/*.txt"
	@code=0; \
	$(PARALLEL) scale-sqlite scale-mariadb || code=1; \
	for name in sqlite mariadb; do echo "$$name: $$($(CLOSING) var/scale/$$name.txt | tail -n 1)"; done; \
	exit $$code

.PHONY: bench
bench: setup-dev  ## measure: each bench/[a-z]*.py on a private, durable MariaDB (or BENCH=bench/one.py)
	@$(PY) bin/with-mariadb --durable sh -ec 'for script in $(or $(BENCH),bench/[a-z]*.py); do echo "== $$script"; $(PY) $$script; done'

NEWMAN = docs/postman/node_modules/.bin/newman run docs/postman/hsh-lpg.postman_collection.json
.PHONY: postman
postman:  ## the Postman guide, walked through a running site (URL=, PASSWORD=, ADMIN=, SUPERVISOR=, DRIVER=)
	@bin/setup postman
	@$(NEWMAN) --environment $(or $(ENVIRONMENT),docs/postman/local-demo.postman_environment.json) \
		$(if $(URL),--env-var base_url=$(URL)) \
		$(if $(PASSWORD),$(foreach role,admin supervisor driver,--env-var $(role)_password=$(PASSWORD))) \
		$(if $(ADMIN),--env-var admin_username=$(ADMIN)) $(if $(DRIVER),--env-var driver_username=$(DRIVER)) \
		$(if $(SUPERVISOR),--env-var supervisor_username=$(SUPERVISOR))

.PHONY: torture
torture: setup-dev  ## phones, a bad line, and somebody who kills: SECONDS=120 SEED=…, on a private MariaDB
	@$(PY) bin/with-mariadb --durable --revive $(PY) -m torture

.PHONY: schema
schema: setup-dev  ## the phone's types anew, after a change of the API; it needs Node
	@npm ci --prefix web/schema --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p var/check && $(ALONE) $(PY) manage.py phone_schema >var/check/schema.json
	@cd web/schema && npx --no-install openapi-typescript ../../var/check/schema.json --default-non-nullable=false -o ../src/api/schema.d.ts
	@$(ALONE) $(PY) manage.py phone_schema --mark web/src/api/schema.d.ts

.PHONY: format
format: setup-dev  ## rewrite the code in the house style
	@$(PY) -m ruff check --quiet --fix-only . $(SCRIPTS)
	@$(PY) -m ruff format . $(SCRIPTS)
	@$(call phone,format)

.PHONY: lock
lock: setup-dev  ## choose versions anew: requirements*.in to requirements*.txt
	@$(PY) -m pip install -qq --disable-pip-version-check --upgrade --target .venv/lock uv
	@for list in requirements requirements-mysql requirements-s3 requirements-gcs requirements-dev; do \
		.venv/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
			--no-annotate --no-header --no-emit-index-url --no-emit-find-links \
			--output-file $$list.txt $$list.in || exit; \
	done

# --- The parts of the above

.PHONY: setup-dev
setup-dev:
	@bin/setup dev

# $(call phone,script): a script of web/package.json, where Node is there.
phone = if command -v npm >/dev/null; then npm run --silent --prefix web $(1); else echo "--- the phone: no Node, $(1) left out"; fi

.PHONY: check-style check-types check-layers check-migrations check-django check-phone
check-style:
	@$(PY) -m ruff format --check --quiet . $(SCRIPTS)
	@$(PY) -m ruff check . $(SCRIPTS)
check-types:
	@$(PY) -m mypy lpg gunicorn.conf.py
	@$(PY) -m mypy --strict --scripts-are-modules bin/run bin/with-mariadb
check-layers:
	@.venv/bin/lint-imports --no-logo
check-migrations:
	@$(ALONE) $(PY) manage.py makemigrations --check --dry-run
check-django:
	@$(ALONE) $(PY) manage.py check
check-phone:
	@$(call phone,types)
	@$(call phone,lint)

# $(call suite,name,folder,command): quiet when it passes, everything when it does not.
define suite
	@echo "--- $(2) on $(1), in full in var/$(2)/$(1).txt"
	@$(3) >var/$(2)/$(1).txt 2>&1; code=$$?; \
	if [ $$code = 0 ]; then tail -n 15 var/$(2)/$(1).txt; else cat var/$(2)/$(1).txt; fi; \
	exit $$code
endef

.PHONY: test-sqlite test-mariadb test-phone scale-sqlite scale-mariadb coverage
test-sqlite:
	$(call suite,sqlite,test,DB_ENGINE=sqlite DB_NAME= COVERAGE_FILE=var/test/.coverage.sqlite $(PY) -m coverage run -m pytest)
test-mariadb:
	$(call suite,mariadb,test,$(PY) bin/with-mariadb $(PY) -m pytest)
scale-sqlite:
	$(call suite,sqlite,scale,DB_ENGINE=sqlite DB_NAME= $(PY) -m pytest -m scale)
test-phone:
	@$(call phone,test)
	@$(call phone,budget)
# Millions of rows are more than a RAM disk may hold.
scale-mariadb:
	$(call suite,mariadb,scale,MARIADB_DIR=$(or $(MARIADB_DIR),var/scale) $(PY) bin/with-mariadb $(PY) -m pytest -m scale)
# Counting lines costs half as much again, so one of the two does; what only MariaDB runs is a handful of lines.
coverage:
	@$(PY) -m coverage combine --quiet --data-file=var/test/.coverage var/test
	@$(PY) -m coverage report --data-file=var/test/.coverage --skip-covered
