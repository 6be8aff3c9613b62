# The default target is the service; `--target train` builds an image with TensorFlow and the training commands (3 GB).
# `--build-arg PACKAGES=otel` adds OpenTelemetry to the service.

FROM python:3.12-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv

FROM base AS serve-packages
ARG PACKAGES=serve
COPY requirements/${PACKAGES}.txt packages.txt
# Removes tests and type stubs of the packages. Byte code stays: without it every start would compile all modules.
RUN pip install --no-cache-dir --no-warn-script-location --require-hashes --prefix /packages -r packages.txt \
    && find /packages -type d -name tests -prune -exec rm -r {} + \
    && find /packages -type f -name '*.pyi' -delete

FROM base AS train-packages
COPY requirements/train.txt .
RUN pip install --no-cache-dir --no-warn-script-location --require-hashes --prefix /packages -r train.txt

FROM base AS files
COPY app app
COPY training training
COPY models models
# Readable for every user, independent of the umask of the checkout.
RUN python -m compileall -q app training && chmod -R a+rX .

FROM base AS train
COPY --from=train-packages /packages /usr/local
COPY --from=files /srv/app app
COPY --from=files /srv/training training
# Downloads go to .data. It is writable for every user, so a volume mounted there inherits that.
ENV KERAS_HOME=/srv/.data/keras \
    MPLCONFIGDIR=/tmp/matplotlib
RUN mkdir --mode=1777 .data && mkdir models
# Runs as the owner of the folder mounted at models, so that new bundles do not belong to root.
ENTRYPOINT ["/bin/sh", "-c", "owner=$(stat -c %u models) group=$(stat -c %g models) && exec setpriv --reuid \"$owner\" --regid \"$group\" --clear-groups python -m training \"$@\"", "training"]
CMD ["--help"]

FROM base AS serve
COPY --from=serve-packages /packages /usr/local
COPY --from=files /srv/app app
COPY --from=files /srv/models models
# /dev/shm is writable even with a read-only root file system; workers store their metrics there.
ENV OPENBLAS_NUM_THREADS=1 \
    TMPDIR=/dev/shm
# A numeric user ID, which Kubernetes needs for runAsNonRoot.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s \
    CMD ["python", "-IS", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=3); c.request('GET', '/health/ready'); raise SystemExit(c.getresponse().status != 200)"]
# IPv4 and IPv6; only IPv4 if the kernel has no IPv6.
CMD ["python", "-m", "app", "serve", "--host", "::", "--port", "8000"]
