# The relay as a container (docs/fargate.md). All stages and sources share one image: the task has
# the settings.
FROM python:3.13.9-slim-bookworm@sha256:b685a4fa58bb19d1814d78a1ec0f0208f351452724f78b20212c984d6e124a34

WORKDIR /relay
COPY requirements-service.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements-service.txt && python -m compileall -q /usr/local/lib/python3.13/site-packages

COPY shared shared
COPY handlers handlers
RUN python -m compileall -q shared handlers && useradd --system --uid 10001 --no-create-home relay

USER 10001
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "handlers.relay_service", "--healthy"]
ENTRYPOINT ["python", "-m", "handlers.relay_service"]
