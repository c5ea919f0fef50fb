package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// maxCachedAccounts bounds the memory of a structureCache, to some 50 MB. A fuller one starts anew.
const maxCachedAccounts = 100_000

// structureCache keeps what the attribution of facts needs, as it was at a version of table structure_change or later. Every
// commit that changes the structure adds a version that says what it touched. A batch first brings the cache up to the latest
// version; those that are committed after that it meets before its own commit: see meetConcurrent.
type structureCache struct {
	mu      sync.RWMutex
	version int64
	now     *structure
}

func newStructureCache() *structureCache { return &structureCache{now: newStructure()} }

// catchUp brings the cache up to the version that the transaction sees, or a later one.
func (c *structureCache) catchUp(ctx context.Context, tx pgx.Tx) error {
	for {
		c.mu.RLock()
		base := c.version
		c.mu.RUnlock()
		changes, last, whole, err := changesSince(ctx, tx, base)
		if err != nil || last <= base {
			return err
		}
		var vips, partners []int64
		codes := map[string]bool{}
		for _, change := range changes {
			whole = whole && !change.Rebuilt
			for _, t := range change.Touched {
				switch t.Kind {
				case touchVIP:
					vips = append(vips, t.UID)
				case touchPartner:
					partners = append(partners, t.UID)
				case touchCode:
					codes[t.Code] = true
				}
			}
		}
		again := newStructure()
		if err := loadVersions(ctx, tx, &again.Structure, vips, partners, codes); err != nil {
			return err
		}
		c.mu.Lock()
		if c.version == base { // else another batch was faster
			if c.version = last; whole {
				c.replace(changes, again)
			} else {
				c.now = newStructure()
			}
		}
		c.mu.Unlock()
	}
}

// changesSince reads what changed after a version, and the latest version. whole is false where some of it is not known any more.
func changesSince(ctx context.Context, tx pgx.Tx, base int64) (changes []structureChange, last int64, whole bool, err error) {
	rows, err := tx.Query(ctx, `SELECT version, body FROM structure_change WHERE version >= $1 ORDER BY version`, base)
	if err != nil {
		return nil, 0, false, err
	}
	var version int64
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&version, &body}, func() error {
		if last = version; version == base {
			whole = true // old rows are deleted in order: nothing after this one is missing
			return nil
		}
		change, err := decodeAs[structureChange](body)
		changes = append(changes, change)
		return err
	})
	return changes, last, whole, err
}

// replace drops the accounts whose path changed, and puts the versions that were read again in the place of the former ones.
func (c *structureCache) replace(changes []structureChange, again *structure) {
	s := c.now
	for _, change := range changes {
		for _, t := range change.Touched {
			switch t.Kind {
			case touchPath:
				delete(s.Accounts, t.UID)
			case touchVIP:
				if _, ok := s.Accounts[t.UID]; ok {
					s.VIPs[t.UID] = again.VIPs[t.UID]
				}
			case touchPartner:
				if _, ok := s.Rates[t.UID]; ok {
					s.Rates[t.UID] = again.Rates[t.UID]
				}
			case touchCode:
				if _, ok := s.Rebates[t.Code]; ok {
					s.Rebates[t.Code] = again.Rebates[t.Code]
				}
			case touchRules:
				s.Rules = again.Rules
			}
		}
	}
}

// read hands f the structure with those of the accounts that there are, and the version at which it is. f must not keep it.
func (c *structureCache) read(ctx context.Context, tx pgx.Tx, uids []int64, f func(s *structure, version int64)) error {
	c.mu.Lock()
	if len(c.now.Accounts) > maxCachedAccounts {
		c.now = newStructure()
	}
	c.mu.Unlock()
	absent := map[int64]bool{}
	for {
		c.mu.RLock()
		version := c.version
		missing := c.missing(uids, absent)
		if len(missing) == 0 {
			f(c.now, version)
			c.mu.RUnlock()
			return nil
		}
		c.mu.RUnlock()
		more, err := loadStructure(ctx, tx, missing)
		if err != nil {
			return err
		}
		for _, uid := range missing {
			if !more.has(uid) {
				absent[uid] = true
			}
		}
		c.mu.Lock()
		// What was read is as new as the version at which the cache was then. If it moved on since, that may be too old.
		if c.version == version {
			c.now.add(more)
		}
		c.mu.Unlock()
	}
}

func (c *structureCache) missing(uids []int64, absent map[int64]bool) (missing []int64) {
	for _, uid := range uids {
		if !c.now.has(uid) && !absent[uid] {
			missing = append(missing, uid)
		}
	}
	return missing
}

// moveFirsts notes that accounts got an earlier first trade or deposit.
func (c *structureCache) moveFirsts(moved map[int64]firsts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for uid, m := range moved {
		if f, ok := c.now.firsts[uid]; ok {
			for _, d := range [...]struct {
				of *time.Time
				at time.Time
			}{{&f.trade, m.trade}, {&f.deposit, m.deposit}} {
				if !d.at.IsZero() {
					earliest(d.of, d.at)
				}
			}
			c.now.firsts[uid] = f
		}
	}
}
