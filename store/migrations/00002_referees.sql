-- +goose Up
-- What a list of referees shows beside the account, kept so that a filter on it needs no look at the versions.
ALTER TABLE account ADD COLUMN spot_vip integer NOT NULL DEFAULT 0, ADD COLUMN futures_vip integer NOT NULL DEFAULT 0; -- the latest
UPDATE account a SET spot_vip = v.spot, futures_vip = v.futures
FROM (SELECT DISTINCT ON (uid) uid, spot, futures FROM vip_version ORDER BY uid, at DESC, event_id DESC) v WHERE a.uid = v.uid;

-- A partner reads the versions of their own codes.
ALTER TABLE code_version ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON code_version TO partnerhub_app USING (code IN (SELECT c.code FROM referral_code c WHERE c.uid = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint)));
GRANT SELECT ON code_version TO partnerhub_app;

-- +goose Down
REVOKE SELECT ON code_version FROM partnerhub_app;
DROP POLICY mine ON code_version;
ALTER TABLE code_version DISABLE ROW LEVEL SECURITY;
ALTER TABLE account DROP COLUMN spot_vip, DROP COLUMN futures_vip;
