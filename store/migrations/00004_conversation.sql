-- +goose Up
-- Chats: the log of events is the truth; run says who works on it, message holds the texts for search and memory.
-- The owner of the tables is subject to row level security too (FORCE), but for table run, which a sweeper on any replica
-- reads to find what a dead worker left. NULLIF: a setting that was set once in a session reads '' afterwards.

CREATE TABLE conversation (
  owner      bigint NOT NULL,
  id         uuid NOT NULL,
  title      text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, id)
);
CREATE INDEX conversation_recent ON conversation (owner, updated_at DESC, id DESC);

CREATE TABLE run (
  owner       bigint NOT NULL,
  id          uuid NOT NULL,
  thread      uuid NOT NULL,
  after       bigint NOT NULL,          -- sequence number before its first event
  role        text NOT NULL,            -- the caller's
  client_id   text COLLATE "C" NOT NULL,
  state       text NOT NULL CHECK (state IN ('running', 'finished', 'stopped', 'failed')),
  worker      uuid NOT NULL,
  lease_until timestamptz NOT NULL,     -- unindexed, so that a heartbeat rewrites no index
  attempt     integer NOT NULL DEFAULT 1,
  stop        boolean NOT NULL DEFAULT false,
  started_at  timestamptz NOT NULL DEFAULT now(),
  ended_at    timestamptz,
  PRIMARY KEY (owner, id),
  UNIQUE (owner, client_id),            -- the same message twice makes one turn
  FOREIGN KEY (owner, thread) REFERENCES conversation (owner, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX run_one_at_a_time ON run (owner, thread) WHERE state = 'running';
CREATE INDEX run_thread ON run (owner, thread, after);
CREATE INDEX run_worker ON run (worker) WHERE state = 'running';

-- Append-only. body is the event's JSON as readers get it; type is the event's, or the name of a custom one.
CREATE TABLE run_event (
  owner  bigint NOT NULL,
  thread uuid NOT NULL,
  seq    bigint NOT NULL,
  run    uuid NOT NULL,
  type   text COLLATE "C" NOT NULL,
  body   json NOT NULL,
  PRIMARY KEY (owner, thread, seq),
  FOREIGN KEY (owner, thread) REFERENCES conversation (owner, id) ON DELETE CASCADE
);

CREATE TABLE message (
  owner  bigint NOT NULL,
  thread uuid NOT NULL,
  seq    bigint NOT NULL,               -- the run's after + 1
  role   text COLLATE "C" NOT NULL CHECK (role IN ('user', 'assistant')),
  text   text NOT NULL,
  PRIMARY KEY (owner, thread, seq, role),
  FOREIGN KEY (owner, thread) REFERENCES conversation (owner, id) ON DELETE CASCADE
);

ALTER TABLE conversation ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversation FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON conversation TO partnerhub_app USING (owner = (SELECT NULLIF(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE run ENABLE ROW LEVEL SECURITY;
ALTER TABLE run FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON run TO partnerhub_app USING (owner = (SELECT NULLIF(current_setting('partnerhub.uid', true), '')::bigint));
CREATE POLICY sweep ON run TO CURRENT_USER USING (true);
ALTER TABLE run_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_event FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON run_event TO partnerhub_app USING (owner = (SELECT NULLIF(current_setting('partnerhub.uid', true), '')::bigint));
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
ALTER TABLE message FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON message TO partnerhub_app USING (owner = (SELECT NULLIF(current_setting('partnerhub.uid', true), '')::bigint));

GRANT SELECT, INSERT, UPDATE, DELETE ON conversation TO partnerhub_app;
GRANT SELECT, INSERT, UPDATE ON run TO partnerhub_app;
GRANT SELECT, INSERT ON run_event, message TO partnerhub_app;

-- +goose Down
DROP TABLE message;
DROP TABLE run_event;
DROP TABLE run;
DROP TABLE conversation;
