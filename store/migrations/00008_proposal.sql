-- +goose Up
-- What a model proposed. args, kind and digest never change: partnerhub_app may not write them, and an approval checks that they fit.
CREATE TABLE proposal (
  owner      bigint NOT NULL,
  id         uuid NOT NULL,
  kind       text COLLATE "C" NOT NULL,
  args       text NOT NULL,              -- canonical JSON, byte for byte
  digest     text COLLATE "C" NOT NULL,
  preview    json NOT NULL,
  state      text COLLATE "C" NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'declined', 'expired')),
  reason     text NOT NULL DEFAULT '',
  thread     uuid,                       -- the conversation, if any; it may be deleted meanwhile
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  decided_at timestamptz,
  result     json,
  noted      boolean NOT NULL DEFAULT false, -- the conversation says what became of it
  PRIMARY KEY (owner, id),
  CHECK ((state = 'proposed') = (decided_at IS NULL)),
  CHECK ((state = 'approved') = (result IS NOT NULL))
);
CREATE INDEX proposal_recent ON proposal (owner, created_at DESC, id DESC);
CREATE INDEX proposal_due ON proposal (expires_at) WHERE state = 'proposed';
CREATE INDEX proposal_unsaid ON proposal (decided_at) WHERE NOT noted AND thread IS NOT NULL AND state <> 'proposed';

ALTER TABLE proposal ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON proposal TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
GRANT SELECT, INSERT ON proposal TO partnerhub_app;
GRANT UPDATE (state, reason, decided_at, noted, result) ON proposal TO partnerhub_app;

-- +goose Down
DROP TABLE proposal;
