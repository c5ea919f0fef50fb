-- +goose Up
-- Participants whose progress moved since the exchange was told of it, and since when. A row is there once however much moves, and is taken when it is told.
CREATE TABLE task_moved (
  owner bigint NOT NULL, task bigint NOT NULL, uid bigint NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (owner, task, uid)
);
CREATE INDEX task_moved_since ON task_moved (since);

-- How many paid steps the progress no longer reached, of which the creator was told.
ALTER TABLE task_participant ADD COLUMN flagged integer NOT NULL DEFAULT 0;
CREATE INDEX task_participant_flagged ON task_participant (owner, task, uid) WHERE paid - reached > flagged;

-- +goose Down
DROP INDEX task_participant_flagged;
ALTER TABLE task_participant DROP COLUMN flagged;
DROP TABLE task_moved;
