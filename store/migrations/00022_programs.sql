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

-- +goose Down
DROP TABLE campaign_member, program_version;
