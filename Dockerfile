# syntax=docker/dockerfile:1
# The web app comes built, in web/dist.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /partnerhub ./cmd/partnerhub

# Static binary, certificates, time zones and nothing else; runs as uid 65532. There is no
# PostgreSQL in it: DATABASE_URL is needed.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /partnerhub /partnerhub
ENV PARTNERHUB_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["/partnerhub"]
CMD ["serve"]
