-- +goose Up
-- Every statement stands alone, so that the schema can be created on Citus, which takes one DDL statement a call.
--
-- The role under which a caller's rows are read. Row level security admits what the transaction named by
-- SET LOCAL partnerhub.uid; the owner of the tables, who ingests and derives, is not subject to it.
-- +goose StatementBegin
DO $$ BEGIN
  CREATE ROLE partnerhub_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- the role is the cluster's: another database made it
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$ BEGIN
  EXECUTE format('GRANT partnerhub_app TO %I', current_user);
EXCEPTION WHEN unique_violation OR invalid_grant_operation THEN NULL;
END $$;
-- +goose StatementEnd

-- What the deployment is set to. Buckets of days and hours depend on the zone: changing it needs a rebuild.
CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL);

-- The log of accepted events. A trade that is applied lives in table trade alone, whole; everything else is here.
CREATE TABLE event (
  id        text COLLATE "C" PRIMARY KEY,
  type      text NOT NULL,
  uid       bigint NOT NULL,
  at        timestamptz NOT NULL,
  body      json NOT NULL,              -- canonical, so that equal content is equal text
  claim     text COLLATE "C" UNIQUE,    -- what only one event may be: account:5, code:X, trade:T, reversal:T
  waits_for text COLLATE "C",           -- account:5, code:X or trade:T; null when nothing is missing
  arrived   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_waiting ON event (waits_for, id) WHERE waits_for IS NOT NULL;

-- Lines that were refused, as they came.
CREATE TABLE rejected (
  seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source  text NOT NULL,
  line    bigint NOT NULL,
  field   text NOT NULL,
  reason  text NOT NULL,
  raw     bytea NOT NULL,               -- the first 4 kB
  arrived timestamptz NOT NULL DEFAULT now()
);

-- What changed in the structure (accounts, rates, codes, rules) by which version, for batches that are under way
-- meanwhile. Old rows are of no use and are deleted.
CREATE TABLE structure_change (
  version bigint PRIMARY KEY,
  body    json NOT NULL,
  made    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE account (
  uid              bigint PRIMARY KEY,
  registered_at    timestamptz NOT NULL,
  event_id         text COLLATE "C" NOT NULL,
  country          text NOT NULL,
  main_uid         bigint NOT NULL,           -- itself, but for a sub-account
  signup_code      text COLLATE "C" NOT NULL, -- as sent; '' for none and for a sub-account
  referrer         bigint NOT NULL DEFAULT 0, -- owner of signup_code once it is known
  void             text NOT NULL DEFAULT '',  -- why the relation to the referrer does not hold: self, loop
  u1               bigint NOT NULL DEFAULT 0, -- the path: up to three accounts above, 0 ends it
  u2               bigint NOT NULL DEFAULT 0,
  u3               bigint NOT NULL DEFAULT 0,
  code1            text COLLATE "C" NOT NULL DEFAULT '', -- the code of u1, u2, u3 through which the path starts
  code2            text COLLATE "C" NOT NULL DEFAULT '',
  code3            text COLLATE "C" NOT NULL DEFAULT '',
  basic_at         timestamptz,
  verified_at      timestamptz,               -- advanced KYC
  first_deposit_at timestamptz,
  first_trade_at   timestamptz,
  last_trade_at    timestamptz                -- what the compactor has folded
) WITH (fillfactor = 70); -- so that the dates, which are in no index, are updated within the page
CREATE INDEX account_u1 ON account (u1, uid) WHERE u1 <> 0;
CREATE INDEX account_u2 ON account (u2, uid) WHERE u2 <> 0;
CREATE INDEX account_u3 ON account (u3, uid) WHERE u3 <> 0;
CREATE INDEX account_void ON account (uid) WHERE void <> '';
CREATE INDEX account_referrer ON account (referrer) WHERE referrer <> 0;

CREATE TABLE partner (
  uid         bigint PRIMARY KEY,
  enrolled_at timestamptz NOT NULL,
  bd_uid      bigint                          -- the latest by time
);

-- Versions in time (SPEC 4.5): in force from at, inclusive; among equals the greater event_id wins.
CREATE TABLE rate_version (
  uid bigint, at timestamptz, event_id text COLLATE "C",
  spot integer NOT NULL, futures integer NOT NULL, -- millionths
  enrolled boolean NOT NULL, bd_uid bigint,
  PRIMARY KEY (uid, at, event_id)
);
CREATE TABLE vip_version (
  uid bigint, at timestamptz, event_id text COLLATE "C",
  spot integer NOT NULL, futures integer NOT NULL,
  PRIMARY KEY (uid, at, event_id)
);
CREATE TABLE rules_version (
  at timestamptz, event_id text COLLATE "C", body json NOT NULL,
  PRIMARY KEY (at, event_id)
);
CREATE TABLE referral_code (
  code       text COLLATE "C" PRIMARY KEY,
  uid        bigint NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX referral_code_uid ON referral_code (uid);
-- A null field is unchanged by that version; the creation starts from nothing.
CREATE TABLE code_version (
  code text COLLATE "C", at timestamptz, event_id text COLLATE "C",
  created boolean NOT NULL, spot integer, futures integer, note text, is_default boolean,
  PRIMARY KEY (code, at, event_id)
);

-- The facts: one row a trade, with what it earned whom (SPEC 4). owner is the trader's direct referrer, 0 without one.
-- product: 1 spot, 2 margin, 3 futures. Rates in millionths, money in micro-USDT.
CREATE TABLE trade (
  owner       bigint NOT NULL,
  u2          bigint NOT NULL,
  u3          bigint NOT NULL,
  referee     bigint NOT NULL,          -- the main account
  account     bigint NOT NULL,          -- the account that traded: the main one or a sub-account
  at          timestamptz NOT NULL,
  volume      bigint NOT NULL,
  fee_gross   bigint NOT NULL,
  fee_paid    bigint NOT NULL,
  earned1     bigint NOT NULL,
  earned2     bigint NOT NULL,
  earned3     bigint NOT NULL,
  rebate      bigint NOT NULL,
  reversed_at timestamptz,
  rate1       integer NOT NULL,
  rate2       integer NOT NULL,
  rate3       integer NOT NULL,
  rebate_rate integer NOT NULL,
  product     smallint NOT NULL,
  eligible    boolean NOT NULL,         -- within the rules in force, for the one who referred
  counts      boolean NOT NULL,         -- not before the registration
  ineligible  boolean NOT NULL,         -- said so by the exchange
  id          text COLLATE "C" NOT NULL,
  trade_id    text COLLATE "C" NOT NULL,
  symbol      text NOT NULL,
  side        text NOT NULL,
  reason      text NOT NULL,
  rules       text NOT NULL             -- event id of the rules in force, '' for the defaults
);
CREATE UNIQUE INDEX trade_id ON trade (id);
CREATE UNIQUE INDEX trade_trade_id ON trade (trade_id);
CREATE INDEX trade_owner ON trade (owner, at) WHERE owner <> 0;
CREATE INDEX trade_unowned ON trade (referee, at) WHERE owner = 0;
CREATE INDEX trade_reversed ON trade (owner, reversed_at) WHERE reversed_at IS NOT NULL;

-- Deposits and withdrawals that are applied; the event is in the log.
CREATE TABLE transfer (
  owner   bigint NOT NULL,
  u2      bigint NOT NULL,
  u3      bigint NOT NULL,
  referee bigint NOT NULL,
  account bigint NOT NULL,
  at      timestamptz NOT NULL,
  amount  bigint NOT NULL,              -- micro-USDT
  withdrawal boolean NOT NULL,
  counts  boolean NOT NULL,
  id      text COLLATE "C" NOT NULL,
  PRIMARY KEY (owner, id)
);
CREATE INDEX transfer_owner ON transfer (owner, at) WHERE owner <> 0;
CREATE INDEX transfer_unowned ON transfer (referee, at) WHERE owner = 0;

-- Sums by referee, day (of the reporting zone) and product; product 0 holds deposits and withdrawals. There is no index by
-- u2 and u3: each would cost every batch more than it saves, since an upline finds the owners below it by table account.
-- executed counts trades whether reversed or not; trades is less the reversed ones.
CREATE TABLE referee_day (
  owner bigint, day date, referee bigint, product smallint,
  u2 bigint NOT NULL, u3 bigint NOT NULL,
  earned1 bigint NOT NULL, earned2 bigint NOT NULL, earned3 bigint NOT NULL, rebate bigint NOT NULL,
  volume bigint NOT NULL, eligible_volume bigint NOT NULL, fees bigint NOT NULL,
  trades bigint NOT NULL, executed bigint NOT NULL,
  deposits bigint NOT NULL, withdrawals bigint NOT NULL,
  PRIMARY KEY (owner, day, referee, product)
) WITH (fillfactor = 80);
CREATE INDEX referee_day_referee ON referee_day (referee, day);

-- Sums by beneficiary, hour and product. level: 1 direct, 2 indirect.
CREATE TABLE partner_hour (
  partner bigint, hour timestamptz, product smallint, level smallint,
  earned bigint NOT NULL, rebate bigint NOT NULL,
  volume bigint NOT NULL, eligible_volume bigint NOT NULL, fees bigint NOT NULL, trades bigint NOT NULL,
  deposits bigint NOT NULL, withdrawals bigint NOT NULL,
  PRIMARY KEY (partner, hour, product, level)
) WITH (fillfactor = 80);

-- What the batches added and the compactor has not folded into the two tables above yet: delta into referee_day, delta_hour
-- into partner_hour. Append-only: batches of several writers never wait for each other here.
CREATE TABLE delta (
  owner bigint NOT NULL, u2 bigint NOT NULL, u3 bigint NOT NULL, referee bigint NOT NULL,
  day date NOT NULL, product smallint NOT NULL,
  earned1 bigint NOT NULL, earned2 bigint NOT NULL, earned3 bigint NOT NULL, rebate bigint NOT NULL,
  volume bigint NOT NULL, eligible_volume bigint NOT NULL, fees bigint NOT NULL,
  trades bigint NOT NULL, executed bigint NOT NULL,
  deposits bigint NOT NULL, withdrawals bigint NOT NULL,
  last_at timestamptz                   -- of the latest trade among them
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 0);
CREATE INDEX delta_owner ON delta (owner);
CREATE TABLE delta_hour (
  partner bigint NOT NULL, hour timestamptz NOT NULL, product smallint NOT NULL, level smallint NOT NULL,
  earned bigint NOT NULL, rebate bigint NOT NULL,
  volume bigint NOT NULL, eligible_volume bigint NOT NULL, fees bigint NOT NULL, trades bigint NOT NULL,
  deposits bigint NOT NULL, withdrawals bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 0);
CREATE INDEX delta_hour_partner ON delta_hour (partner);

-- Every commission and rebate booked, traceable to trade, rate, base and rules (SPEC 4.6).
CREATE VIEW commission WITH (security_invoker = true) AS
SELECT t.trade_id, v.beneficiary, v.level, v.rate, t.fee_paid AS base, s.sign * v.amount AS amount,
       CASE WHEN s.sign = 1 THEN t.at ELSE t.reversed_at END AS at, s.sign = -1 AS reversal,
       t.rules, t.product, t.referee, t.owner
FROM trade t
CROSS JOIN LATERAL (VALUES (1), (-1)) s (sign)
CROSS JOIN LATERAL (VALUES (t.owner, 1, t.rate1, t.earned1), (t.u2, 2, t.rate2, t.earned2), (t.u3, 3, t.rate3, t.earned3)) v (beneficiary, level, rate, amount)
WHERE t.eligible AND v.amount <> 0 AND (s.sign = 1 OR t.reversed_at IS NOT NULL);

-- The second wall. (SELECT …) makes it one evaluation a query, not one a row.
ALTER TABLE trade ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON trade TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, u2, u3, referee));
ALTER TABLE transfer ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON transfer TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, u2, u3, referee));
ALTER TABLE referee_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON referee_day TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, u2, u3, referee));
ALTER TABLE delta ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON delta TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, u2, u3, referee));
ALTER TABLE delta_hour ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON delta_hour TO partnerhub_app USING (partner = (SELECT current_setting('partnerhub.uid', true)::bigint));
ALTER TABLE partner_hour ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON partner_hour TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON account TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (u1, u2, u3, uid));
ALTER TABLE referral_code ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON referral_code TO partnerhub_app USING (uid = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
-- Who is a partner is asked of one's own referees only; the rates stay behind the owner's role.
GRANT SELECT ON trade, transfer, referee_day, delta, delta_hour, partner_hour, account, referral_code, partner, commission TO partnerhub_app;

-- +goose Down
DROP VIEW commission;
DROP TABLE delta, delta_hour, partner_hour, referee_day, transfer, trade, code_version, referral_code, rules_version, vip_version, rate_version, partner, account, structure_change, rejected, event, setting;
