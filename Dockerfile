# The image: the programs remora, remora-webhook and remora-operator with what they need to run, and
# nothing else; there is no shell in it. hack/image.sh builds it without a container engine.

ARG BASE=debian:bookworm-slim

# On its own, so that a changed source does not install the packages again.
FROM ${BASE} AS packages
COPY hack/lib.sh hack/setup.sh /src/hack/
RUN /src/hack/setup.sh --for-image

FROM packages AS build
WORKDIR /src
# Where hack/image.sh mounts the cache of hack/build.sh.
ENV CCACHE_DIR=/var/cache/ccache
COPY CMakeLists.txt CMakePresets.json LICENSE ./
COPY operator operator
COPY webhook webhook
ARG COMMIT=unknown
# ccache takes the locale for an input of the compiler.
ARG LANG
RUN cmake --preset release -D REMORA_TESTS=OFF -D REMORA_COMMIT="$COMMIT" \
 && cmake --build build/release --target remora remora-webhook remora-operator
COPY hack/image-root.sh hack/
RUN hack/image-root.sh /image \
      build/release/operator/cli/remora build/release/webhook/remora-webhook build/release/operator/remora-operator

FROM scratch
COPY --from=build /image /
ARG VERSION=unknown
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="remora" \
      org.opencontainers.image.description="Companion containers for Kubernetes Pods: webhook, operator and command" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/bin
USER 65532:65532
ENTRYPOINT ["remora"]
