-- +goose Up
-- What a run was answered with, and what it took: written with its end. model is '' for a note, which no model answered.
ALTER TABLE run
  ADD COLUMN model      text COLLATE "C" NOT NULL DEFAULT '',  -- 'offline': the planner alone
  ADD COLUMN prompts    text COLLATE "C" NOT NULL DEFAULT '',  -- the prompts' fingerprint
  ADD COLUMN library    integer NOT NULL DEFAULT 0,            -- the version that was served when the run ended
  ADD COLUMN kind       text COLLATE "C" NOT NULL DEFAULT '',  -- of the answer
  ADD COLUMN fallback   text NOT NULL DEFAULT '',              -- why the planner took over, if it did
  ADD COLUMN tokens_in  integer NOT NULL DEFAULT 0,
  ADD COLUMN tokens_out integer NOT NULL DEFAULT 0,
  ADD COLUMN cost       bigint NOT NULL DEFAULT 0;             -- micro-USD
-- The operator's figures are of a period, over all partners.
CREATE INDEX run_started ON run (started_at);

-- One row an answer: whose it is, is who voted. It goes with the conversation that the partner deletes; a case that was made of it stays.
CREATE TABLE feedback (
  owner      bigint NOT NULL,
  run        uuid NOT NULL,
  thread     uuid NOT NULL,
  vote       smallint NOT NULL CHECK (vote IN (-1, 1)),
  reasons    text[] NOT NULL,
  text       text NOT NULL,
  topic      text COLLATE "C" NOT NULL,       -- what was asked about, for the review
  snapshot   json NOT NULL,                   -- feedback.Snapshot
  state      text COLLATE "C" NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'case', 'fixed', 'dismissed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (owner, run),
  FOREIGN KEY (owner, thread) REFERENCES conversation (owner, id) ON DELETE CASCADE
);
CREATE INDEX feedback_thread ON feedback (owner, thread);
CREATE INDEX feedback_run ON feedback (run);                                  -- a review is known by its run
CREATE INDEX feedback_review ON feedback (state, created_at DESC, run DESC) WHERE vote = -1;
CREATE INDEX feedback_created ON feedback (created_at);

-- The service itself reads all of it, for the review; a partner's transaction sees its own.
ALTER TABLE feedback ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON feedback TO partnerhub_app USING (owner = (SELECT NULLIF(current_setting('partnerhub.uid', true), '')::bigint));
CREATE POLICY review ON feedback TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON feedback TO partnerhub_app;

-- Cases made of reviews: few, made by people. body is the file.
CREATE TABLE eval_case (
  name       text COLLATE "C" PRIMARY KEY,
  owner      bigint NOT NULL,                 -- of the feedback
  run        uuid NOT NULL,
  body       text NOT NULL,
  state      text COLLATE "C" NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'fixed')),
  made_by    bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  checked_at timestamptz
);

-- Runs of the cases, kept to be compared.
CREATE TABLE eval_run (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at timestamptz NOT NULL,
  ended_at   timestamptz NOT NULL,
  model      text NOT NULL,
  prompts    text NOT NULL,
  repeats    integer NOT NULL,
  note       text NOT NULL,
  report     json NOT NULL                    -- eval.Report
);
CREATE TABLE eval_result (
  run     bigint NOT NULL REFERENCES eval_run ON DELETE CASCADE,
  ord     integer NOT NULL,
  name    text COLLATE "C" NOT NULL,          -- of the case, with its way of saying it
  passed  integer NOT NULL,                   -- of the run's repeats
  result  json NOT NULL,                      -- eval.Result
  PRIMARY KEY (run, ord)
);

-- +goose Down
DROP TABLE eval_result, eval_run, eval_case, feedback;
DROP INDEX run_started;
ALTER TABLE run DROP COLUMN model, DROP COLUMN prompts, DROP COLUMN library, DROP COLUMN kind, DROP COLUMN fallback,
  DROP COLUMN tokens_in, DROP COLUMN tokens_out, DROP COLUMN cost;
