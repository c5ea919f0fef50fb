package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/domain"
	"partnerhub/domain/conversation"
)

// List returns the caller's conversations, the latest first, those that contain the words where search is
// not empty. next is the cursor of the next page, "" on the last. It returns CodeInvalid for a bad cursor.
func (s *Conversations) List(
	ctx context.Context, c domain.Caller, search, cursor string, limit int,
) (list []conversation.Conversation, next string, err error) {
	before, id := time.Now().Add(24*time.Hour), "ffffffff-ffff-ffff-ffff-ffffffffffff"
	if cursor != "" {
		if before, id, err = parseCursor(cursor); err != nil {
			return nil, "", err
		}
	}
	pattern := ""
	if search = strings.TrimSpace(search); search != "" {
		pattern = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(search) + "%"
	}
	err = s.as(ctx, c, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, title, updated_at FROM conversation c
			WHERE owner = $1 AND (updated_at, id) < ($2, $3::uuid) AND ($4 = '' OR title ILIKE $4 OR EXISTS (
				SELECT FROM message m WHERE m.owner = $1 AND m.thread = c.id AND m.text ILIKE $4))
			ORDER BY updated_at DESC, id DESC LIMIT $5`, c.UID, before, id, pattern, limit+1)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[conversation.Conversation])
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", last.UpdatedAt.UnixMicro(), last.ID))
	}
	return list, next, nil
}

func parseCursor(cursor string) (before time.Time, id string, err error) {
	var micros int64
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "%d %s", &micros, &id)
	}
	if err == nil {
		id, err = parseID("cursor", id)
	}
	if err != nil || !knownTimes(micros) {
		return before, "", domain.Invalid("cursor", "is not one that this list returned")
	}
	return time.UnixMicro(micros), id, nil
}

// Rename gives a conversation a title. It returns CodeInvalid for the title, or CodeNotFound.
func (s *Conversations) Rename(ctx context.Context, c domain.Caller, id, title string) error {
	title, err := conversation.CleanTitle(title)
	if err != nil {
		return err
	}
	return s.change(ctx, c, id, `UPDATE conversation SET title = $3 WHERE owner = $1 AND id = $2`, title)
}

// Delete removes a conversation with all that was said in it. A run under way ends, since its worker finds
// nothing to append to; a ticket that is not over is cancelled, since nobody could be answered. It returns CodeNotFound.
func (s *Conversations) Delete(ctx context.Context, c domain.Caller, id string) error {
	return s.change(ctx, c, id, `WITH over AS (
		UPDATE ticket SET state = 'cancelled', updated_at = now(), resolved_at = now()
			WHERE owner = $1 AND thread = $2 AND state NOT IN ('resolved', 'cancelled'))
		DELETE FROM conversation WHERE owner = $1 AND id = $2`)
}

func (s *Conversations) change(ctx context.Context, c domain.Caller, id, statement string, more ...any) error {
	id, err := parseID("id", id)
	if err != nil {
		return noConversation()
	}
	return s.as(ctx, c, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement, append([]any{c.UID, id}, more...)...)
		if err == nil && tag.RowsAffected() == 0 {
			return noConversation()
		}
		return err
	})
}
