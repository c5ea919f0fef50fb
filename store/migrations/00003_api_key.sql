-- +goose Up
-- API keys of the exchange's backend. The key itself is shown once, when it is made; only its SHA-256 is kept.
CREATE TABLE api_key (
  hash       bytea PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  scopes     text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

-- +goose Down
DROP TABLE api_key;
