package store

import (
	"hash/maphash"
	"sync"
)

const (
	recentBuckets = 1 << 18 // 16 MB
	recentPlaces  = 8       // of a bucket; the oldest is forgotten first
)

// recentIDs remembers the ids of the trades that this process landed lately, about two million, by a hash of each. A sender
// repeats what it got no answer to in time, so that of a batch's trades only those met here need to be looked up. What
// was forgotten, or landed elsewhere, is caught by the unique index, and the batch is then done again with care.
//
// It saves time and decides nothing.
type recentIDs struct {
	mu      sync.Mutex
	seed    maphash.Seed
	buckets [][recentPlaces]uint64
	trusted bool // the latest batch that looked up all its ids found none that was not remembered
}

func newRecentIDs() *recentIDs {
	return &recentIDs{seed: maphash.MakeSeed(), buckets: make([][recentPlaces]uint64, recentBuckets)}
}

// split parts ids into those that may have landed before and those that are most likely new. Where this process has
// lately met ids that it did not know, or all is set, every id may have.
func (m *recentIDs) split(ids []string, all bool) (ask, fresh []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if all || !m.trusted {
		return ids, nil
	}
	fresh = make([]string, 0, len(ids))
	for _, id := range ids {
		if m.has(id) {
			ask = append(ask, id)
		} else {
			fresh = append(fresh, id)
		}
	}
	return ask, fresh
}

// judge notes whether all ids that were found stored were remembered.
func (m *recentIDs) judge(found []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trusted = true
	for _, id := range found {
		m.trusted = m.trusted && m.has(id)
	}
}

// add remembers ids that have landed.
func (m *recentIDs) add(ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if !m.has(id) {
			h := maphash.String(m.seed, id)
			b := &m.buckets[h%recentBuckets]
			copy(b[1:], b[:])
			b[0] = h
		}
	}
}

func (m *recentIDs) has(id string) bool {
	h := maphash.String(m.seed, id)
	for _, x := range m.buckets[h%recentBuckets] {
		if x == h {
			return true
		}
	}
	return false
}
