-- +goose Up
-- Programs from before this do not add to the counts of referees: stop them first. One that still ran is made good by `partnerhub rebuild`.
INSERT INTO setting (name, value) VALUES ('oldest_program', '30') ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- The dates by which referees are counted: for the parts of days at the ends of a period, and by hour. Each date of an account is set once, seldom moved.
CREATE INDEX account_verified1 ON account (u1, verified_at) WHERE u1 <> 0 AND verified_at IS NOT NULL;
CREATE INDEX account_verified2 ON account (u2, verified_at) WHERE u2 <> 0 AND verified_at IS NOT NULL;
CREATE INDEX account_verified3 ON account (u3, verified_at) WHERE u3 <> 0 AND verified_at IS NOT NULL;
CREATE INDEX account_deposited1 ON account (u1, first_deposit_at) WHERE u1 <> 0 AND first_deposit_at IS NOT NULL;
CREATE INDEX account_deposited2 ON account (u2, first_deposit_at) WHERE u2 <> 0 AND first_deposit_at IS NOT NULL;
CREATE INDEX account_deposited3 ON account (u3, first_deposit_at) WHERE u3 <> 0 AND first_deposit_at IS NOT NULL;
CREATE INDEX account_traded1 ON account (u1, first_trade_at) WHERE u1 <> 0 AND first_trade_at IS NOT NULL;
CREATE INDEX account_traded2 ON account (u2, first_trade_at) WHERE u2 <> 0 AND first_trade_at IS NOT NULL;
CREATE INDEX account_traded3 ON account (u3, first_trade_at) WHERE u3 <> 0 AND first_trade_at IS NOT NULL;

-- How many referees of a partner registered, passed advanced KYC, deposited and traded for the first time on each day of the reporting zone. below
-- is the partner's direct referee on the path to them, 0 where they are direct themselves; code the partner's, through which the path starts.
CREATE TABLE referee_count (
  partner bigint, day date, below bigint, code text COLLATE "C", country text,
  registered bigint NOT NULL, verified bigint NOT NULL, deposited bigint NOT NULL, traded bigint NOT NULL,
  PRIMARY KEY (partner, day, below, code, country)
) WITH (fillfactor = 80);

-- What the batches added to it, or took back, and is not folded yet. Append-only.
CREATE TABLE delta_count (
  partner bigint NOT NULL, day date NOT NULL, below bigint NOT NULL, code text COLLATE "C" NOT NULL, country text NOT NULL,
  registered bigint NOT NULL, verified bigint NOT NULL, deposited bigint NOT NULL, traded bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 0);
CREATE INDEX delta_count_partner ON delta_count (partner);

INSERT INTO referee_count
SELECT p.partner, (e.at AT TIME ZONE (SELECT value FROM setting WHERE name = 'zone'))::date, p.below, p.code, a.country, sum(e.registered), sum(e.verified), sum(e.deposited), sum(e.traded)
FROM account a
CROSS JOIN LATERAL (VALUES (a.u1, 0::bigint, a.code1), (a.u2, a.u1, a.code2), (a.u3, a.u2, a.code3)) p (partner, below, code)
CROSS JOIN LATERAL (VALUES (a.registered_at, 1, 0, 0, 0), (a.verified_at, 0, 1, 0, 0), (a.first_deposit_at, 0, 0, 1, 0), (a.first_trade_at, 0, 0, 0, 1)) e (at, registered, verified, deposited, traded)
WHERE p.partner <> 0 AND e.at IS NOT NULL GROUP BY 1, 2, 3, 4, 5;

-- The partners with so many referees that more is kept of them: see store/rank.go. ready is false while what is kept is made for the first time.
CREATE TABLE large_partner (partner bigint PRIMARY KEY, ready boolean NOT NULL);

-- What was folded of large partners and is not taken up yet. Append-only. The lists are made anew, since the former rows say too little.
DROP TABLE rank_delta;
CREATE TABLE rank_delta (
  partner bigint NOT NULL, level smallint NOT NULL, below bigint NOT NULL, referee bigint NOT NULL, day date NOT NULL, product smallint NOT NULL,
  commission bigint NOT NULL, shared bigint NOT NULL, volume bigint NOT NULL, eligible_volume bigint NOT NULL, fees bigint NOT NULL,
  trades bigint NOT NULL, executed bigint NOT NULL, deposits bigint NOT NULL, withdrawals bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 0);
CREATE INDEX rank_delta_partner ON rank_delta (partner, referee);
DELETE FROM referee_rank;
DELETE FROM rank_list;

-- Sums of a large partner by who the referees are.
CREATE TABLE group_day (
  partner bigint, day date, below bigint, code text COLLATE "C", country text, product smallint,
  commission bigint NOT NULL, shared bigint NOT NULL, volume bigint NOT NULL, eligible_volume bigint NOT NULL, fees bigint NOT NULL,
  trades bigint NOT NULL, deposits bigint NOT NULL, withdrawals bigint NOT NULL,
  PRIMARY KEY (partner, day, below, code, country, product)
) WITH (fillfactor = 60);

-- The days on which a referee of a large partner traded, each with the one before, '-infinity' for the first; null only within the step that adds it.
CREATE TABLE trader_day (
  partner bigint, referee bigint, day date,
  below    bigint NOT NULL,
  executed bigint NOT NULL,
  prev     date,
  PRIMARY KEY (partner, referee, day)
) WITH (fillfactor = 80);

-- How many referees traded on a day and before that on day prev. Those of them with prev before a period are the distinct traders of
-- the period: each is counted on its first day there. cohort is the first day of the month in which they registered.
CREATE TABLE trader_count (
  partner bigint, day date, prev date, below bigint, code text COLLATE "C", country text, cohort date,
  traders bigint NOT NULL,
  PRIMARY KEY (partner, day, prev, below, code, country, cohort)
) WITH (fillfactor = 80);

ALTER TABLE referee_count ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON referee_count TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE delta_count ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON delta_count TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE large_partner ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON large_partner TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE rank_delta ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON rank_delta TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE group_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON group_day TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE trader_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON trader_day TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE trader_count ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON trader_count TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT ON referee_count, delta_count, large_partner, rank_delta, group_day, trader_day, trader_count TO partnerhub_app;

-- +goose Down
DELETE FROM setting WHERE name = 'oldest_program';
DROP TABLE trader_count, trader_day, group_day, rank_delta, large_partner, delta_count, referee_count;
CREATE TABLE rank_delta (
  partner bigint NOT NULL, referee bigint NOT NULL, day date NOT NULL,
  commission bigint NOT NULL, volume bigint NOT NULL
);
CREATE INDEX rank_delta_partner ON rank_delta (partner);
ALTER TABLE rank_delta ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON rank_delta TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT ON rank_delta TO partnerhub_app;
DROP INDEX account_verified1;
DROP INDEX account_verified2;
DROP INDEX account_verified3;
DROP INDEX account_deposited1;
DROP INDEX account_deposited2;
DROP INDEX account_deposited3;
DROP INDEX account_traded1;
DROP INDEX account_traded2;
DROP INDEX account_traded3;
