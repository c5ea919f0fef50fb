-- +goose Up
-- Programs for partners: rules by version in time. Small and shared by all partners: on Citus a reference table.
CREATE TABLE program_version (
  name  text COLLATE "C" NOT NULL,
  since timestamptz NOT NULL,
  body  json NOT NULL,
  by_uid bigint NOT NULL,                -- the operator, 0 for those of the first start
  PRIMARY KEY (name, since)
);
GRANT SELECT ON program_version TO partnerhub_app;

-- Who joined which campaign; the campaigns themselves are articles of the library.
CREATE TABLE campaign_member (
  owner     bigint NOT NULL,
  slug      text COLLATE "C" NOT NULL,
  joined_at timestamptz NOT NULL,
  PRIMARY KEY (owner, slug)
);
ALTER TABLE campaign_member ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON campaign_member TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT, INSERT ON campaign_member TO partnerhub_app;

-- Exports that are made in the background. A worker holds a job by a lease, writes it part by part, and keeps where it is: another goes on from there.
CREATE TABLE export_job (
  owner       bigint NOT NULL,
  id          uuid NOT NULL,
  key         text COLLATE "C" NOT NULL, -- the client's idempotency key
  list        text COLLATE "C" NOT NULL,
  args        json NOT NULL,
  state       text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  as_of       timestamptz NOT NULL,
  position    text NOT NULL DEFAULT '',
  parts       integer NOT NULL DEFAULT 0,
  rows        bigint NOT NULL DEFAULT 0,
  bytes       bigint NOT NULL DEFAULT 0,
  scanned     bigint NOT NULL DEFAULT 0, -- of total: how far it is
  total       bigint NOT NULL DEFAULT 0,
  error       text NOT NULL DEFAULT '',
  worker      uuid,
  lease_until timestamptz,
  created_at  timestamptz NOT NULL,
  ended_at    timestamptz,
  PRIMARY KEY (owner, id),
  UNIQUE (owner, key)
);
CREATE INDEX export_job_open ON export_job (created_at) WHERE state = 'running';
CREATE TABLE export_part (
  owner bigint NOT NULL,
  job   uuid NOT NULL,
  part  integer NOT NULL,
  body  bytea NOT NULL,
  PRIMARY KEY (owner, job, part),
  FOREIGN KEY (owner, job) REFERENCES export_job (owner, id) ON DELETE CASCADE
);
ALTER TABLE export_job ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON export_job TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE export_part ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON export_part TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT, INSERT, DELETE ON export_job TO partnerhub_app;
GRANT SELECT ON export_part TO partnerhub_app;

-- +goose Down
DROP TABLE export_part, export_job, campaign_member, program_version;
