# One image for web, worker, migrate and every other command. The runtime set only: no pretend world, no tests, no compiler.
# compose.yaml runs it with PostgreSQL and Redis. Without compose, each process with the URL of its own database login only:
#   docker build -t fanfold .        with --build-arg RELEASE=2026.3 the image knows which release it is
#   docker run --env-file web.env -p 8000:8000 fanfold
#   docker run --env-file worker.env --no-healthcheck --init --stop-timeout 40 fanfold python manage.py worker
FROM python:3.12-slim AS build
WORKDIR /srv/fanfold
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements-prod.txt ./
RUN /opt/venv/bin/python -m pip install --only-binary :all: --require-hashes -r requirements-prod.txt
COPY . .
# The settings want a database address and a key; collecting files uses neither.
RUN DATABASE_URL=postgresql://portal_web@db.invalid/portal \
    DATABASE_WORKER_URL=postgresql://portal_worker@db.invalid/portal \
    SECRET_KEY=only-for-the-build-which-signs-nothing \
    /opt/venv/bin/python manage.py collectstatic --no-input

FROM python:3.12-slim
ARG RELEASE=""
LABEL org.opencontainers.image.title="Fanfold" org.opencontainers.image.licenses="Apache-2.0" org.opencontainers.image.version="$RELEASE"
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fanfold
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/fanfold /srv/fanfold
WORKDIR /srv/fanfold
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PORTAL_STATE_DIR=/tmp/fanfold PORTAL_RELEASE=$RELEASE
# gunicorn's own: where it listens, and with how many processes.
ENV PORT=8000 WEB_CONCURRENCY=2
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "--config=python:portal.gunicorn"]
