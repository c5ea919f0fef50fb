-- +goose Up
-- Which days are due may be read by whoever earns of them: the owner, who is above the owner, and whom the owner referred. They tell no figures.
ALTER TABLE settlement_due ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON settlement_due TO partnerhub_app USING (
  owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint)
  OR owner = (SELECT a.u1 FROM account a WHERE a.uid = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint))
  OR EXISTS (SELECT FROM account a WHERE a.uid = owner AND (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (a.u1, a.u2)));
GRANT SELECT ON settlement_due TO partnerhub_app;

-- What partners write about their referees.
CREATE TABLE referee_note (
  partner    bigint NOT NULL,
  uid        bigint NOT NULL,
  note       text NOT NULL CHECK (length(note) BETWEEN 1 AND 200),
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (partner, uid)
);
ALTER TABLE referee_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON referee_note TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT, INSERT, UPDATE, DELETE ON referee_note TO partnerhub_app;

-- +goose Down
DROP TABLE referee_note;
DROP POLICY mine ON settlement_due;
REVOKE SELECT ON settlement_due FROM partnerhub_app;
ALTER TABLE settlement_due DISABLE ROW LEVEL SECURITY;
