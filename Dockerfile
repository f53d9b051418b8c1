# Deskbell as one image: `docker run -p 8000:8000 -v deskbell:/data deskbell` runs all of it with its own
# database; compose.yaml runs web, worker and PostgreSQL apart.
FROM python:3.12-slim-bookworm AS build
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /tmp/base.txt

FROM python:3.12-slim-bookworm
RUN groupadd --system --gid 10001 deskbell \
    && useradd --system --uid 10001 --gid deskbell --no-create-home --home-dir /data deskbell \
    && install -d -o deskbell -g deskbell -m 0700 /data
COPY --from=build /venv /venv
COPY deskbell /app/deskbell
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 DESKBELL_DATA_DIR=/data
VOLUME /data
WORKDIR /data
USER deskbell
EXPOSE 8000
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "deskbell"]
CMD ["up", "--host", "0.0.0.0"]
