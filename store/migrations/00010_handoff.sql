-- +goose Up
-- Conversations that people take over. A BD is not the owner of a ticket: who sits at the desk is a setting of its own, so
-- that a partner whose uid happens to be a BD's sees nothing of theirs. 'partnerhub.desk' is the BD's uid, or '*' for operators.
CREATE TABLE ticket (
  owner       bigint NOT NULL,
  id          uuid NOT NULL,
  thread      uuid NOT NULL,           -- no foreign key: a ticket outlives the conversation that its partner deletes
  state       text COLLATE "C" NOT NULL CHECK (state IN ('open', 'claimed', 'waiting', 'resolved', 'reopened', 'cancelled')),
  category    text COLLATE "C" NOT NULL CHECK (category IN ('finance', 'human_request', 'frustration', 'account_security', 'unanswered', 'other')),
  priority    smallint NOT NULL CHECK (priority BETWEEN 1 AND 3),
  summary     text NOT NULL,
  bd          bigint NOT NULL DEFAULT 0, -- who it was routed to, or who holds it; 0: the shared queue
  bd_name     text NOT NULL DEFAULT '',
  snapshot    jsonb NOT NULL,          -- of the moment at which it was opened
  opened_at   timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,    -- by when somebody should have claimed it
  claimed_at  timestamptz,
  replied_at  timestamptz,
  resolved_at timestamptz,
  PRIMARY KEY (owner, id),
  CHECK (state NOT IN ('claimed', 'waiting') OR bd <> 0)
);
CREATE UNIQUE INDEX ticket_one_a_conversation ON ticket (owner, thread) WHERE state NOT IN ('resolved', 'cancelled');
CREATE INDEX ticket_id ON ticket (id);
CREATE INDEX ticket_of_owner ON ticket (owner, opened_at DESC);
CREATE INDEX ticket_queue ON ticket (priority, due_at, id) WHERE state NOT IN ('resolved', 'cancelled');
CREATE INDEX ticket_of_bd ON ticket (bd, updated_at DESC, id);

-- Append-only. What was done to a ticket; text is a note's, a reply's or a reason's.
CREATE TABLE ticket_event (
  owner     bigint NOT NULL,
  ticket    uuid NOT NULL,
  n         integer NOT NULL,
  action    text COLLATE "C" NOT NULL,
  state     text COLLATE "C" NOT NULL,  -- after it
  by_uid    bigint NOT NULL,
  by_role   text COLLATE "C" NOT NULL,
  by_name   text NOT NULL,
  to_bd     bigint,
  text      text NOT NULL DEFAULT '',
  client_id text COLLATE "C",           -- chosen by the one who did it: the same again does nothing
  at        timestamptz NOT NULL,
  PRIMARY KEY (owner, ticket, n),
  FOREIGN KEY (owner, ticket) REFERENCES ticket (owner, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ticket_event_once ON ticket_event (owner, ticket, client_id) WHERE client_id IS NOT NULL;

-- Who takes tickets, with the name that partners see; a row comes with a BD's first look at the queue.
CREATE TABLE desk_member (
  uid     bigint PRIMARY KEY,
  name    text NOT NULL,
  seen_at timestamptz NOT NULL
);

ALTER TABLE ticket ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON ticket TO partnerhub_app USING (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
-- A BD sees what was routed to them, the shared queue, and what nobody has claimed in time.
CREATE POLICY desk ON ticket TO partnerhub_app USING (CASE (SELECT coalesce(current_setting('partnerhub.desk', true), ''))
  WHEN '' THEN false
  WHEN '*' THEN true
  ELSE bd = 0 OR bd = (SELECT nullif(nullif(current_setting('partnerhub.desk', true), ''), '*')::bigint) OR state IN ('open', 'reopened') AND due_at < now()
END);
-- Of the events a partner sees none: they hold internal notes.
ALTER TABLE ticket_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON ticket_event FOR INSERT TO partnerhub_app WITH CHECK (owner = (SELECT nullif(current_setting('partnerhub.uid', true), '')::bigint));
CREATE POLICY desk ON ticket_event TO partnerhub_app USING (coalesce(current_setting('partnerhub.desk', true), '') <> ''
  AND EXISTS (SELECT FROM ticket t WHERE t.owner = ticket_event.owner AND t.id = ticket));
GRANT SELECT, INSERT, UPDATE ON ticket TO partnerhub_app;
GRANT SELECT, INSERT ON ticket_event TO partnerhub_app;
GRANT SELECT ON desk_member TO partnerhub_app;

-- +goose Down
DROP TABLE desk_member;
DROP TABLE ticket_event;
DROP TABLE ticket;
