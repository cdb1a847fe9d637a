# The receiver: perfops in a Python image, as an account without rights.
FROM python:3.13-slim
WORKDIR /opt/perfops
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY perfops perfops
RUN pip install --no-cache-dir --constraint constraints.txt . \
 && useradd --system --home-dir /var/lib/pcd --create-home pcd
USER pcd
ENV PCD_HOME=/var/lib/pcd PYTHONDONTWRITEBYTECODE=1
VOLUME /var/lib/pcd
EXPOSE 8321
ENTRYPOINT []
CMD ["pcd"]
