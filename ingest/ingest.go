package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"

	"partnerhub/domain"
	"partnerhub/store"
)

const (
	sliceLines = 5000 // of a file, in one transaction (SPEC 3)
	// A slice of freakishly long lines ends early, so that memory stays bounded.
	sliceBytes = 8 << 20
	// Deltas are folded after so many slices, so that readers never add up more than those of some 100,000 events.
	foldEvery = 20
)

// Options say how a stream is taken in.
type Options struct {
	Source   string         // a file's name, kept with the rejected lines
	Writers  int            // transactions at the same time; 0 and 1: lines land in their order
	Refusals int            // of so many rejected lines the Summary tells; 0: 100
	MaxBytes int64          // after decompression; 0: any number
	Progress func(Progress) // called after each slice, never twice at a time; nil: not at all
}

// Progress is how far a stream was taken in.
type Progress struct {
	Bytes int64 // of the source, as it comes
	Lines int64 // landed
}

// Summary counts the lines of a stream, blank ones left out.
type Summary struct {
	Accepted  int             `json:"accepted"` // deferred ones among them
	Duplicate int             `json:"duplicate"`
	Rejected  int             `json:"rejected"`
	Deferred  int             `json:"deferred"` // accepted in this run, and still waiting at its end
	Refused   []store.Refusal `json:"-"`        // the first by line of those rejected
}

// Run takes in a stream of NDJSON, plain or gzip, in slices of 5,000 lines of one transaction each, and folds what
// they add to the rollups. Decoding goes on while slices land. When it ends early, what has landed stays, and the
// same stream may be sent again; the Summary then counts what has landed, Deferred at most.
//
// When ctx ends, Run returns at once; a Read of r that is under way ends by itself. The error is ctx's, the
// database's, that of reading r, or a *domain.Error about the stream: invalid gzip, too large.
func Run(ctx context.Context, s *store.Store, r io.Reader, o Options) (Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o.Source = strings.ToValidUTF8(o.Source, "?") // file names may hold any bytes
	if o.Refusals == 0 {
		o.Refusals = 100
	}
	run := &run{store: s, options: o}
	defer run.waiting.close()
	slices := make(chan slice)
	go cut(ctx, r, o.MaxBytes, slices)
	var writers sync.WaitGroup
	for range max(o.Writers, 1) {
		writers.Go(func() {
			if err := run.write(ctx, slices); err != nil {
				cancel(err)
			}
		})
	}
	writers.Wait()
	if ctx.Err() != nil {
		run.sum.Deferred = run.waiting.len()
		return run.sum, context.Cause(ctx)
	}
	if _, err := s.Fold(ctx); err != nil {
		return run.sum, err
	}
	err := run.waiting.each(func(ids []string) error {
		n, err := s.StillWaiting(ctx, ids)
		run.sum.Deferred += n
		return err
	})
	return run.sum, err
}

// slice is a part of the stream.
type slice struct {
	lines []store.Line
	bytes int64 // read of the source when it was complete
	err   error // the stream ended with it; lines is empty
}

// cut reads slices until the stream or ctx ends. It closes out.
func cut(ctx context.Context, r io.Reader, maxBytes int64, out chan<- slice) {
	defer close(out)
	send := func(s slice) bool {
		select {
		case out <- s:
			return true
		case <-ctx.Done():
			return false
		}
	}
	l, err := newLines(r, maxBytes, false)
	for err == nil {
		var s slice
		if s.lines, err = l.slice(sliceLines, sliceBytes); err != nil && !errors.Is(err, io.EOF) {
			break // the complete lines before the fault are of no use alone: the stream is to be sent again
		}
		s.bytes = l.read.Load()
		if len(s.lines) > 0 && !send(s) {
			return
		}
	}
	if !errors.Is(err, io.EOF) {
		send(slice{err: fmt.Errorf("reading the events: %w", err)})
	}
}

// slice reads so many lines and, about, bytes. The error is that of the line after the last.
func (l *lines) slice(most int, mostBytes int) ([]store.Line, error) {
	var out []store.Line
	for size := 0; len(out) < most && size < mostBytes; {
		line, err := l.next()
		if err != nil {
			return out, err
		}
		if out == nil {
			out = make([]store.Line, 0, min(most, sliceLines))
		}
		size += len(line.Raw)
		out = append(out, line)
	}
	return out, nil
}

// run is what the writers share.
type run struct {
	store   *store.Store
	options Options

	mu      sync.Mutex
	sum     Summary
	waiting waitlist
	landed  Progress
	slices  int
}

// write lands slices until there are no more.
func (r *run) write(ctx context.Context, slices <-chan slice) error {
	for {
		select {
		case <-ctx.Done():
			return nil // whoever ended it said why
		case s, more := <-slices:
			if !more {
				return nil
			}
			if s.err != nil {
				return s.err
			}
			out, err := r.store.Ingest(ctx, store.Batch{Source: r.options.Source, Lines: s.lines})
			if err != nil {
				return err
			}
			fold, err := r.count(s, out)
			if err == nil && fold {
				_, err = r.store.Fold(ctx)
			}
			if err != nil {
				return err
			}
		}
	}
}

// count adds a slice that has landed to the sums, and says whether it is time to fold.
func (r *run) count(s slice, out store.Outcome) (fold bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Accepted += out.Accepted
	r.sum.Duplicate += out.Duplicate
	r.sum.Rejected += out.Rejected
	r.sum.Refused = firstRefusals(r.sum.Refused, out.Refused, r.options.Refusals)
	r.slices++
	r.landed.Bytes = max(r.landed.Bytes, s.bytes)
	r.landed.Lines += int64(len(s.lines))
	if r.options.Progress != nil {
		r.options.Progress(r.landed)
	}
	return r.slices%foldEvery == 0, r.waiting.add(out.Deferred)
}

// BatchOptions say how a stream is read as a whole.
type BatchOptions struct {
	Source   string // who sent it, kept with the rejected lines
	Gzip     bool   // it must be gzip; otherwise it may be
	MaxBytes int64  // after decompression; 0: any number
	MaxLines int    // blank ones left out
}

// ReadBatch reads a whole stream of NDJSON, plain or gzip, into one batch, to land in one transaction. The error is
// that of reading r, or a *domain.Error about the field body: CodeInvalid for invalid gzip, CodeTooLarge.
func ReadBatch(r io.Reader, o BatchOptions) (store.Batch, error) {
	b := store.Batch{Source: strings.ToValidUTF8(o.Source, "?")}
	l, err := newLines(r, o.MaxBytes, o.Gzip)
	if err != nil {
		return b, err
	}
	b.Lines, err = l.slice(o.MaxLines+1, math.MaxInt)
	switch {
	case len(b.Lines) > o.MaxLines:
		return store.Batch{}, domain.Errorf(domain.CodeTooLarge, "body", "more than %d lines", o.MaxLines)
	case errors.Is(err, io.EOF):
		return b, nil
	default:
		return store.Batch{}, err
	}
}
