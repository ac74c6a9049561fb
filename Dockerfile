# One image for web, worker and commands. Build: docker build -t heed .

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /venv
COPY requirements.lock /tmp/
# Wheels only: nothing of a package runs while it is installed, and no compiler is needed.
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r /tmp/requirements.lock
WORKDIR /app
COPY LICENSE manage.py gunicorn.conf.py ./
COPY config config
COPY profiles profiles
COPY quarantine quarantine
COPY landingpages landingpages
COPY deliveries deliveries
COPY templates templates
COPY static static
COPY locale locale
# Values for this one step: an installation has its own, and none is left in the image.
RUN SECRET_KEY=none ALLOWED_HOSTS=none PUBLIC_URL=https://none LINK_KEYS=1:none-none-none-none-none-none-none \
    SUPPRESSION_KEY=none-none-none-none-none-none-none \
    /venv/bin/python manage.py collectstatic --noinput \
    && /venv/bin/python -m compileall -q .

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 heed && useradd --uid 10001 --gid heed --home-dir /app --no-create-home --shell /usr/sbin/nologin heed
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
# The only place that Heed writes to: locks of the workers, and the database where it is SQLite.
RUN install --directory --owner heed --group heed --mode 0700 var
VOLUME /app/var
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WEB_CONCURRENCY=2
USER 10001:10001
EXPOSE 8000
# Any answer below 500 is one: a host that is not allowed, and a redirect to https, are answered by Heed as well.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os, sys; \
host = os.environ.get('PUBLIC_URL', '').partition('://')[2].rstrip('/'); \
connection = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); \
connection.request('GET', '/admin/login/', headers={'Host': host}); \
sys.exit(connection.getresponse().status >= 500)"]
# No access log: it would keep the tokens of personal links.
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
