-- +goose Up
-- The ledger. Every account belongs to a partner, whose uid leads the keys. Kinds: 1 fund, 2 escrow, 3 platform, 4 external.
CREATE TABLE ledger_account (
  owner   bigint NOT NULL CHECK (owner > 0),
  kind    smallint NOT NULL CHECK (kind BETWEEN 1 AND 4),
  ref     text COLLATE "C" NOT NULL,          -- the task of an escrow, else ''
  balance bigint NOT NULL DEFAULT 0,          -- micro-USDT
  PRIMARY KEY (owner, kind, ref),
  CHECK ((kind = 2) = (ref <> '')),
  CONSTRAINT ledger_account_balance CHECK (balance >= 0 OR kind IN (3, 4)) -- the last guard
) WITH (fillfactor = 50);                     -- a hot account's versions stay within the page

-- Append-only. A transfer is one row with both sides, so that entries sum to zero by construction; owner is who pays.
CREATE TABLE ledger_transfer (
  owner    bigint NOT NULL,
  key      text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  id       bigint GENERATED ALWAYS AS IDENTITY, -- the order in which a partner pages
  kind     smallint NOT NULL,
  ref      text COLLATE "C" NOT NULL,
  to_owner bigint NOT NULL,
  to_kind  smallint NOT NULL,
  to_ref   text COLLATE "C" NOT NULL,
  amount   bigint NOT NULL CHECK (amount > 0), -- micro-USDT
  reason   text COLLATE "C" NOT NULL CHECK (reason IN ('top_up', 'withdrawal', 'settlement', 'task_fund', 'task_reward', 'task_refund')),
  about    text COLLATE "C" NOT NULL,
  at       timestamptz NOT NULL,
  posted   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, key),
  CHECK ((owner, kind, ref) <> (to_owner, to_kind, to_ref))
);
CREATE INDEX ledger_transfer_paid ON ledger_transfer (owner, id);
CREATE INDEX ledger_transfer_got ON ledger_transfer (to_owner, id);
-- Nobody changes or deletes a transfer, not even the owner of the table: the service's own statements cannot either.
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transfer FROM PUBLIC, CURRENT_USER;
REVOKE DELETE, TRUNCATE ON ledger_account FROM PUBLIC, CURRENT_USER;

CREATE VIEW ledger_entry WITH (security_invoker = true) AS
SELECT owner, kind, ref, id, -amount AS amount, reason, about, at FROM ledger_transfer
UNION ALL SELECT to_owner, to_kind, to_ref, id, amount, reason, about, at FROM ledger_transfer;

-- Days of which the compactor folded commission: what they brought may differ from what is settled. owner is that of referee_day.
CREATE TABLE settlement_due (owner bigint, day date, PRIMARY KEY (owner, day));

-- Append-only. What was settled, and on which settlement day; kind: 1 rebate, 2 shared (received on own trades).
CREATE TABLE settlement_record (
  partner bigint NOT NULL, settled_on date NOT NULL, day date NOT NULL, kind smallint NOT NULL CHECK (kind IN (1, 2)),
  referee bigint NOT NULL, product smallint NOT NULL,
  owner   bigint NOT NULL,
  amount  bigint NOT NULL CHECK (amount <> 0),  -- micro-USDT, below 0 when it takes back
  PRIMARY KEY (partner, day, kind, referee, product, settled_on, owner),
  CHECK (settled_on > day)
);
CREATE INDEX settlement_record_owner ON settlement_record (owner, day);
REVOKE UPDATE, DELETE, TRUNCATE ON settlement_record FROM PUBLIC, CURRENT_USER;

-- What was accrued before the ledger is due.
INSERT INTO settlement_due SELECT DISTINCT owner, day FROM referee_day WHERE owner <> 0 AND (earned1, earned2, earned3, rebate) <> (0, 0, 0, 0);

ALTER TABLE ledger_account ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON ledger_account TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE ledger_transfer ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON ledger_transfer TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, to_owner));
ALTER TABLE settlement_record ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON settlement_record TO partnerhub_app USING (partner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT ON ledger_account, ledger_transfer, ledger_entry, settlement_record TO partnerhub_app;

-- +goose Down
DROP TABLE settlement_record, settlement_due;
DROP VIEW ledger_entry;
DROP TABLE ledger_transfer, ledger_account;
