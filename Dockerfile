# An operator node. In a clone: docker build -t fusion-operator .
# How it is run, what it needs and which walls stand inside it: docs/reliability.md

FROM node:20-bookworm-slim AS contracts
WORKDIR /src
COPY package.json package-lock.json foundry.toml ./
RUN npm ci --loglevel=error --no-audit --no-fund
COPY contracts contracts
RUN node_modules/@foundry-rs/forge-linux-amd64/bin/forge build contracts --skip test --quiet

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/fusion
ENV PATH=/opt/fusion/bin:$PATH FUSION_CACHE=/opt/fusion/cache
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY fusion fusion
COPY atom atom
COPY sandbox sandbox
COPY node node
COPY indexer indexer
COPY api api
COPY cli cli
COPY modules modules
COPY contracts contracts
COPY --from=contracts /src/build/forge build/forge
# The sandbox image is compiled here, once, by running modules in it; a node then starts at once and cannot change it.
# The first-party modules go with it, so that `fusion sandbox fingerprint` says inside what it says outside.
RUN python -m fusion.chain.generate \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && cp --recursive modules /opt/fusion/lib/python3.11/site-packages/ \
    && fusion sandbox fingerprint --json \
    && chmod -R a+rX /opt/fusion

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini=0.19.* \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 fusion \
    && useradd --uid 10001 --gid fusion --no-log-init --home-dir /var/lib/fusion --shell /usr/sbin/nologin fusion \
    && install --directory --owner=fusion --group=fusion --mode=0700 /var/lib/fusion
COPY --from=build /opt/fusion /opt/fusion
ENV PATH=/opt/fusion/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    FUSION_HOME=/var/lib/fusion \
    FUSION_CACHE=/opt/fusion/cache
USER 10001:10001
WORKDIR /var/lib/fusion
VOLUME /var/lib/fusion
# What the operator serves to others, and its metrics.
EXPOSE 8650 9650
# Healthy is who has written its status within the last minute.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from pathlib import Path; from node.executor.status import FILE, Status; raise SystemExit(Status.load(Path(FILE)).stale or 0)"]
# Runs of modules leave orphans to the first process, which must be one that buries them.
ENTRYPOINT ["tini", "--", "fusion"]
CMD ["operator", "start"]
