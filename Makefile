# resprout: `make demo` shows it working, `make test` runs everything that must be green.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
export PIP_ROOT_USER_ACTION := ignore
export NO_MKDOCS_2_WARNING := 1
# packages are installed without compiled modules; what is imported is compiled once and kept
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo fit test test-lowest test-pythons test-browser test-load notebook pictures chromium check docs readme scoreboard rivals unfitted type-one-error suites suites-petab constraints clean
.DEFAULT_GOAL := demo

demo: .venv/installed ## make the environment, run the main job, write out/report.html
	$(BIN)/resprout demo

test: .venv/installed-for-tests ## everything that CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/mkdocs build --strict --quiet --site-dir out/site
	$(BIN)/pytest -n auto --dist worksteal

PYTHONS ?= 3.12 3.13 3.14
test-lowest: .venv/made ## the core of the tests with the lowest versions that pyproject.toml admits
	$(BIN)/python scripts/test_in_environment.py --lowest

test-pythons: .venv/made ## the core of the tests by other Pythons, as far as they are here
	for version in $(PYTHONS); do $(BIN)/python scripts/test_in_environment.py --python $$version || exit 1; done

test-browser: .venv/installed-for-tests ## the page in a real browser; needs Chromium, skips without it
	RESPROUT_BROWSER=1 $(BIN)/pytest tests/browser -m browser -rs

test-load: .venv/installed-for-tests ## 50 users slide for a minute: median redraw under 150 ms, no error, constant memory
	RESPROUT_BROWSER=1 RESPROUT_LOAD_SECONDS=60 $(BIN)/pytest tests/browser/test_many_users.py -m browser -rs

notebook: .venv/installed-for-tests ## execute the notebook of the documentation, look at its outputs, keep it for `make docs` (half a minute)
	RESPROUT_NOTEBOOK=1 $(BIN)/pytest tests/notebook -m notebook -rs

pictures: .venv/installed-for-tests ## make the pictures of the gallery and of the stories for `make docs`; tabs of the page need Chromium (minutes)
	$(BIN)/python scripts/pictures.py

chromium: ## Debian's Chromium, where there is none and we may install it; says so and goes on where we may not
	@if command -v chromium chromium-browser >/dev/null || test -n "$$RESPROUT_CHROMIUM"; then :; \
	elif test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
	    >/dev/null 2>&1 || echo 'Chromium could not be installed: the browser tests will be skipped.'; \
	else echo 'No Chromium here and no right to install it: the browser tests will be skipped.'; fi

fit: .venv/installed-for-tests ## fit the model to the data and write values and draws into the package
	$(BIN)/resprout fit --leave-out --ship

check: test

docs: .venv/installed-for-tests ## build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

readme: .venv/installed ## write what the program prints now into README.md
	$(BIN)/python scripts/refresh_readme.py

scoreboard: .venv/installed-for-tests ## write down which published rows pass now, for tests and docs
	$(BIN)/python scripts/refresh_scoreboard.py

unfitted: .venv/installed-for-tests ## write down what constants outside the fit do to the main predictions (three minutes)
	$(BIN)/python scripts/refresh_unfitted.py

rivals: .venv/installed-for-tests ## refit every hypothesis and write down how well each predicts trials left out (half an hour)
	$(BIN)/python scripts/refresh_rivals.py

type-one-error: .venv/installed-for-tests ## measure how often each analysis finds a difference of nothing (a quarter of an hour), for the docs
	$(BIN)/python scripts/type_one_error.py

suites-petab: .venv/installed-for-tests ## run the public PEtab test suite; SUITE is a checkout of PEtab-dev/petab_test_suite
	@test -n "$(SUITE)" || { echo 'Say where the suite is: `make suites-petab SUITE=folder`, a checkout of PEtab-dev/petab_test_suite.' >&2; exit 2; }
	$(BIN)/python scripts/petab_suite.py "$(SUITE)"

suites: .venv/installed-for-tests ## run the time courses of the SBML semantic test suite; SUITE is a checkout of sbmlteam/sbml-test-suite
	@test -n "$(SUITE)" || { echo 'Say where the suite is: `make suites SUITE=folder`, a checkout of sbmlteam/sbml-test-suite.' >&2; exit 2; }
	$(BIN)/python scripts/sbml_suite.py "$(SUITE)"

PEOPLE ?= 200
posterior-coverage: .venv/installed-for-tests ## measure whether 90 % intervals of PEOPLE simulated people hold the truth (of 200 a minute on two free cores)
	$(BIN)/python scripts/posterior_coverage.py --people $(PEOPLE)

constraints: .venv/installed-for-tests ## write down what is installed now as the tested set
	$(BIN)/python -m pip freeze --exclude resprout | grep -E '^[A-Za-z0-9_.-]+==' > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf .venv .venv-* out site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/installed: .venv/made pyproject.toml constraints.txt
	$(PIP) install --no-compile -c constraints.txt -e .
	@touch $@

.venv/installed-for-tests: .venv/made pyproject.toml constraints.txt
	$(PIP) install --no-compile -c constraints.txt -e ".[test,docs]"
	@touch $@ .venv/installed

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo '`$(PYTHON)` is older than Python 3.11. resprout needs 3.11 or newer. Try `make $(MAKECMDGOALS) PYTHON=python3.12`.' >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@
