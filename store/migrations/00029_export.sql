-- +goose Up
-- Exports that are made in the background. Each part is written with the cursor behind it, so that whoever takes a job over goes on where the
-- last one stopped. A worker holds a job until lease_until.
CREATE TABLE export (
  owner       bigint,
  id          uuid,
  list        text NOT NULL,
  role        text NOT NULL,             -- of the caller
  args        text NOT NULL,             -- the list's arguments, JSON
  state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
  parts       integer NOT NULL DEFAULT 0,
  next        text NOT NULL DEFAULT '',  -- the cursor behind the last part
  rows        bigint NOT NULL DEFAULT 0,
  total       bigint NOT NULL DEFAULT 0, -- 0: not known
  bytes       bigint NOT NULL DEFAULT 0,
  attempts    integer NOT NULL DEFAULT 0, -- since the last part
  error       text NOT NULL DEFAULT '',
  lease_until timestamptz NOT NULL,
  created_at  timestamptz NOT NULL,
  ended_at    timestamptz,
  PRIMARY KEY (owner, id)
);
CREATE INDEX export_due ON export (lease_until) WHERE state = 'running';
CREATE TABLE export_part (
  owner  bigint, export uuid, n integer,
  body   bytea NOT NULL,
  PRIMARY KEY (owner, export, n),
  FOREIGN KEY (owner, export) REFERENCES export (owner, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE export_part, export;
