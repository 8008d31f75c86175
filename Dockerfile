# The program with all it needs and nothing else; docs/running.md says how to start it.
# Build it here:  docker build -t sleep-time-chat .

FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/stc
COPY requirements.txt /tmp/requirements.txt
# The largest package in a layer of its own, and built for processors: the usual one brings gigabytes of CUDA packages.
RUN /opt/stc/bin/pip install --no-deps --index-url https://download.pytorch.org/whl/cpu \
    "$(sed -n '/^torch==/p' /tmp/requirements.txt)"
RUN /opt/stc/bin/pip install --requirement /tmp/requirements.txt

FROM python:3.11-slim-bookworm
# For pages that are pictures; more languages: tesseract-ocr-deu and so on.
RUN apt-get update \
    && apt-get install -y --no-install-recommends tesseract-ocr \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin stc \
    && install --directory --owner=stc --group=stc --mode=0700 /data
COPY --from=packages /opt/stc /opt/stc
WORKDIR /app
COPY LICENSE pyproject.toml app.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY pages pages
COPY stc stc
RUN /opt/stc/bin/python -m compileall -q app.py pages stc
# Whoever reaches the container signs in; the storage is the volume, and nothing else is written but to /tmp.
ENV PATH=/opt/stc/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    STC_STORAGE=/data \
    STC_LOGIN=yes \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501
USER stc
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/healthz', timeout=8)"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
