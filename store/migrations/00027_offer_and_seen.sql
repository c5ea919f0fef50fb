-- +goose Up
-- Two answers in a row that failed the partner are a reason to offer a person (SPEC 8).
ALTER TABLE run
  ADD COLUMN unanswered boolean NOT NULL DEFAULT false,  -- the answer says that it does not know, or that it did not understand
  ADD COLUMN offered    boolean NOT NULL DEFAULT false;  -- a person was offered after it: the next row of bad answers begins behind it

-- How far the two sides of a ticket have read its conversation, as sequence numbers of its log.
ALTER TABLE ticket
  ADD COLUMN partner_seen bigint NOT NULL DEFAULT 0,
  ADD COLUMN bd_seen      bigint NOT NULL DEFAULT 0;

-- The list of what is over has an index in its order, as the queue has (00010): a page costs what is on it.
CREATE INDEX ticket_over ON ticket (priority, due_at, id) WHERE state IN ('resolved', 'cancelled');

-- +goose Down
DROP INDEX ticket_over;
ALTER TABLE ticket DROP COLUMN partner_seen, DROP COLUMN bd_seen;
ALTER TABLE run DROP COLUMN unanswered, DROP COLUMN offered;
