-- +goose Up
-- What an operator does. by_uid is 0 for the command line.
CREATE TABLE operator_action (
  seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL,
  by_uid  bigint NOT NULL,
  action  text NOT NULL,                 -- replay, rates, rebates, vip, rules, setting
  subject text NOT NULL,                 -- whom or what it is about
  detail  json NOT NULL
);

-- Refused lines can be replayed: one that is taken then stays as a trace, one that is refused again gets its new reason.
ALTER TABLE rejected ADD COLUMN code text NOT NULL DEFAULT 'invalid';
ALTER TABLE rejected ADD COLUMN tries integer NOT NULL DEFAULT 1; -- how often it was refused
ALTER TABLE rejected ADD COLUMN tried_at timestamptz;             -- the latest replay
ALTER TABLE rejected ADD COLUMN taken_at timestamptz;             -- the replay that landed it, or found it a duplicate
ALTER TABLE rejected ADD COLUMN action bigint;                    -- operator_action of the latest replay
UPDATE rejected SET code = CASE WHEN reason ~ 'already (taken|registered|reversed)|other content' THEN 'conflict' WHEN reason ~ 'another account' THEN 'forbidden'
  WHEN reason ~ 'longer than' THEN 'too_large' ELSE 'invalid' END;
CREATE INDEX rejected_open ON rejected (code, field, seq) WHERE taken_at IS NULL;
CREATE INDEX rejected_arrived ON rejected (arrived);

-- One row a batch that landed, kept for some days: what the ingest's lag and trend are read from.
CREATE TABLE ingest_batch (
  source    text NOT NULL,
  arrived   timestamptz NOT NULL,
  last_at   timestamptz,                 -- of the latest event accepted; null: none was
  accepted  integer NOT NULL,
  duplicate integer NOT NULL,
  rejected  integer NOT NULL,
  deferred  integer NOT NULL
);
CREATE INDEX ingest_batch_source ON ingest_batch (source, arrived);
CREATE INDEX ingest_batch_arrived ON ingest_batch (arrived);

-- Keys rotate: two of a name are valid while the old one has not expired.
ALTER TABLE api_key DROP CONSTRAINT api_key_name_key;
ALTER TABLE api_key ADD COLUMN expires_at timestamptz;
ALTER TABLE api_key ADD COLUMN replaced_at timestamptz;
ALTER TABLE api_key ADD COLUMN last_used_at timestamptz;          -- to the minute
ALTER TABLE api_key ADD COLUMN per_minute integer;                -- requests; null: the server's limit
CREATE UNIQUE INDEX api_key_current ON api_key (name) WHERE revoked_at IS NULL AND replaced_at IS NULL;

-- What an exchange's own affiliate program says of a partner. It never enters what is derived from the events: it is held against it.
CREATE TABLE imported_day (
  partner bigint, exchange text, day date, referee bigint, product text, -- spot, futures, other
  commission bigint NOT NULL, volume bigint NOT NULL,             -- micro-USDT
  PRIMARY KEY (partner, exchange, day, referee, product)
);
CREATE TABLE imported_referee (
  partner bigint, exchange text, referee bigint,
  registered_at timestamptz, code text NOT NULL, direct boolean,  -- null: not said
  verified boolean, deposited boolean, traded boolean,
  PRIMARY KEY (partner, exchange, referee)
);
CREATE TABLE imported_deposit (
  partner bigint, exchange text, referee bigint, at timestamptz, asset text, kind text, amount text,
  PRIMARY KEY (partner, exchange, referee, at, asset, kind, amount)
);
CREATE TABLE imported_partner (
  partner bigint, exchange text, sub_partner bigint, since date, until date, -- [since, until)
  new_referrals bigint NOT NULL, first_traders bigint NOT NULL, deposits bigint NOT NULL, volume bigint NOT NULL, -- the last two micro-USDT
  direct boolean NOT NULL,
  PRIMARY KEY (partner, exchange, sub_partner, since, until)
);
-- How far an import came: a window of a list, and the page that is next.
CREATE TABLE import_window (
  partner bigint, exchange text, list text, since date, until date, -- [since, until)
  next    text NOT NULL DEFAULT '',      -- where to go on; '': at the beginning
  seen    bigint NOT NULL DEFAULT 0,     -- rows of the pages before it
  done_at timestamptz,
  PRIMARY KEY (partner, exchange, list, since, until)
);

-- +goose Down
DROP TABLE import_window, imported_partner, imported_deposit, imported_referee, imported_day;
DROP INDEX api_key_current;
ALTER TABLE api_key DROP COLUMN expires_at, DROP COLUMN replaced_at, DROP COLUMN last_used_at, DROP COLUMN per_minute;
ALTER TABLE api_key ADD CONSTRAINT api_key_name_key UNIQUE (name);
DROP TABLE ingest_batch;
DROP INDEX rejected_open, rejected_arrived;
ALTER TABLE rejected DROP COLUMN code, DROP COLUMN tries, DROP COLUMN tried_at, DROP COLUMN taken_at, DROP COLUMN action;
DROP TABLE operator_action;
