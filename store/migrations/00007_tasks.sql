-- +goose Up
-- The Task Center. A task belongs to its creator, whose uid leads the keys; its money is in the ledger, in the escrow account that its id names.
-- The states pending, active and closing follow from the clock; what is stored is when it was settled or cancelled.
CREATE TABLE task (
  owner        bigint NOT NULL,
  id           bigint GENERATED ALWAYS AS IDENTITY,
  type         smallint NOT NULL CHECK (type IN (1, 2)), -- 1 referral, 2 trading
  title        text NOT NULL,
  direct       boolean NOT NULL,              -- for all direct partners of that moment; else for uids
  products     smallint NOT NULL CHECK (products BETWEEN 0 AND 3), -- bits: 1 spot and margin, 2 futures
  starts_at    timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL,          -- of the window: a cancellation brings it forward
  settles_at   timestamptz NOT NULL,          -- the end and the grace
  thresholds   bigint[] NOT NULL,             -- of a trading task, micro-USDT, rising
  rewards      bigint[] NOT NULL,             -- of each of them
  every_x      bigint NOT NULL,               -- of a referral task: new users for one reward
  reward       bigint NOT NULL,               -- micro-USDT
  max_repeats  bigint NOT NULL,
  mode         text NOT NULL DEFAULT 'additive' CHECK (mode = 'additive'), -- each tier pays beside those below it
  participants integer NOT NULL,
  funded       bigint NOT NULL,               -- micro-USDT, as in the ledger
  refunded     bigint NOT NULL DEFAULT 0,
  request      text COLLATE "C" NOT NULL,     -- of whom asked for it, so that asking twice makes one; '' for none
  created_at   timestamptz NOT NULL,
  settled_at   timestamptz,
  cancelled_at timestamptz,
  nudged_at    timestamptz,
  PRIMARY KEY (owner, id),
  CHECK (ends_at >= starts_at OR cancelled_at IS NOT NULL)
);
CREATE INDEX task_due ON task (settles_at) WHERE settled_at IS NULL AND cancelled_at IS NULL;
CREATE UNIQUE INDEX task_request ON task (owner, request) WHERE request <> '';

-- Who takes part, frozen, and how far they are. Type, products and window are the task's, so that a batch of events finds by one index
-- what it touches. value is derived, also after the settlement; what was paid is a fact.
CREATE TABLE task_participant (
  owner       bigint NOT NULL,
  task        bigint NOT NULL,
  uid         bigint NOT NULL,
  type        smallint NOT NULL,
  products    smallint NOT NULL,
  starts_at   timestamptz NOT NULL,
  ends_at     timestamptz NOT NULL,
  open        boolean NOT NULL DEFAULT true,  -- neither settled nor cancelled
  value       bigint NOT NULL DEFAULT 0,      -- micro-USDT of eligible volume, or new users; as far as task_delta is folded
  reached     integer NOT NULL DEFAULT 0,     -- steps that value reaches
  paid        integer NOT NULL DEFAULT 0,     -- steps that are paid: the first ones
  paid_amount bigint NOT NULL DEFAULT 0,      -- micro-USDT
  final       bigint,                         -- value at the settlement: what differs from it came too late
  PRIMARY KEY (owner, task, uid)
) WITH (fillfactor = 70);
CREATE INDEX task_participant_uid ON task_participant (uid, ends_at);
CREATE INDEX task_participant_due ON task_participant (owner, task, uid) WHERE open AND reached > paid;

-- What batches found and the compactor has not added to value yet. Append-only, so that batches never wait for each other here.
-- recount says that a referral task's users are to be counted again.
CREATE TABLE task_delta (
  owner bigint NOT NULL, task bigint NOT NULL, uid bigint NOT NULL, amount bigint NOT NULL, recount boolean NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 0);
CREATE INDEX task_delta_task ON task_delta (owner, task);

-- Append-only. A reward that was paid stays, whatever becomes of the progress; its key is the transfer's, too.
CREATE TABLE task_reward (
  owner     bigint NOT NULL,
  task      bigint NOT NULL,
  uid       bigint NOT NULL,
  step      integer NOT NULL,                 -- from 1
  threshold bigint NOT NULL,
  amount    bigint NOT NULL CHECK (amount > 0), -- micro-USDT
  paid_at   timestamptz NOT NULL,
  PRIMARY KEY (owner, task, uid, step)
);
CREATE INDEX task_reward_uid ON task_reward (uid, paid_at);
REVOKE UPDATE, DELETE, TRUNCATE ON task_reward FROM PUBLIC, CURRENT_USER;

-- Who registered with a partner's codes in a window.
CREATE INDEX account_registered ON account (u1, registered_at) WHERE u1 <> 0;

ALTER TABLE task_participant ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON task_participant TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, uid));
ALTER TABLE task_delta ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON task_delta TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, uid));
ALTER TABLE task_reward ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON task_reward TO partnerhub_app USING ((SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint) IN (owner, uid));
ALTER TABLE task ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON task TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint)
  OR EXISTS (SELECT FROM task_participant p WHERE (p.owner, p.task) = (task.owner, task.id) AND p.uid = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint)));
GRANT SELECT ON task, task_participant, task_delta, task_reward TO partnerhub_app;

-- +goose Down
DROP INDEX account_registered;
DROP TABLE task_reward, task_delta, task_participant, task;
