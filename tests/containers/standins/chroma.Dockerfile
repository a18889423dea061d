# Chroma's server from PyPI, in the place of its own image where none can be pulled.
ARG BASE_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d
FROM ${BASE_IMAGE}
ENV PYTHONUNBUFFERED=1
WORKDIR /app
COPY requirements/dev.txt tests/containers/standins/chroma.txt ./
RUN --mount=type=cache,target=/var/cache/pip \
    --mount=type=secret,id=pip_conf,target=/etc/pip.conf --mount=type=secret,id=ca_bundle \
    # As constraints, hashes would be asked of what is not in the lock, too.
    sed -n 's/^\([A-Za-z0-9._-]*==[^ ;]*\).*/\1/p' dev.txt > pins.txt \
    && python3 -m venv --without-pip venv \
    && python3 -m pip --python venv/bin/python install --cache-dir /var/cache/pip --only-binary :all: -c pins.txt -r chroma.txt
ENV PATH=/app/venv/bin:$PATH
EXPOSE 8000
ENTRYPOINT ["chroma"]
CMD ["run", "--host", "0.0.0.0", "--path", "/data"]
