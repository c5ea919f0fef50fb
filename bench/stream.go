package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"partnerhub/demo"
	"partnerhub/domain/referral"
	"partnerhub/ingest"
)

const (
	// mainReferees is how many accounts the partner that the queries are for has below it, in a program that has as many.
	mainReferees = 10_000
	// beside is how many events follow for the queries to be asked beside.
	beside = 1_000_000
)

// stream is a demo program's events in a file: so many trades that are stored first, then the events that runs are
// measured with.
type stream struct {
	path     string
	truth    *demo.Truth
	now      time.Time // where the measured part begins
	split    int64     // where the measured part begins
	measured *bufio.Reader
	file     *os.File
	rng      *rand.Rand
	trades   int
	sent     [][]byte // the latest lines, of which some are repeated
}

func newStream(c config) (*stream, error) {
	s := &stream{path: filepath.Join(c.dir, "events.ndjson"), rng: rand.New(rand.NewPCG(c.seed, 1))}
	measured := c.events*c.rounds*4 + beside // two sections of one and of two writers
	f, err := os.Create(s.path)
	if err != nil {
		return nil, err
	}
	w := &splitter{w: bufio.NewWriterSize(f, 1<<20), trades: c.trades, split: -1}
	note("generating %d trades of %d accounts", c.trades+measured, c.accounts)
	s.truth, err = demo.Generate(demo.Config{Seed: c.seed, Partners: c.partners, Referees: c.accounts, Days: 100, Now: time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC),
		MainReferees: min(mainReferees, c.accounts*2/3), Trades: c.trades + measured}, w)
	if err == nil {
		err = w.w.Flush()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.split, s.trades = w.split, w.seen
	if s.split < 0 {
		return nil, errors.Join(errors.New("the program has fewer trades than asked for"), f.Close())
	}
	if _, err := f.Seek(s.split, io.SeekStart); err != nil {
		return nil, err
	}
	s.file, s.measured = f, bufio.NewReaderSize(f, 1<<20)
	line, err := s.measured.Peek(300)
	if err != nil {
		return nil, err
	}
	_, rest, _ := bytes.Cut(line, []byte(`"time":"`))
	when, _, _ := bytes.Cut(rest, []byte(`"`))
	s.now, err = time.Parse(time.RFC3339, string(when))
	return s, err
}

func (s *stream) close() {
	_ = s.file.Close()
	_ = os.Remove(s.path)
}

// splitter notes where the first so many trades end.
type splitter struct {
	w           *bufio.Writer
	trades      int
	seen        int
	at          int64
	split       int64
	partialLine []byte
}

var tradeType = []byte(`"type":"trade.executed"`)

func (s *splitter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			s.partialLine = append(s.partialLine, rest...)
			break
		}
		line := rest[:i+1]
		if len(s.partialLine) > 0 {
			line = append(s.partialLine, line...)
			s.partialLine = s.partialLine[:0]
		}
		if s.at += int64(len(line)); isTrade(line) {
			s.seen++
		}
		if s.split < 0 && s.seen == s.trades {
			s.split = s.at
		}
		rest = rest[i+1:]
	}
	return s.w.Write(p)
}

func isTrade(line []byte) bool { return bytes.Contains(line[:min(len(line), 80)], tradeType) }

// first is the part that is stored before anything is measured.
func (s *stream) first() (io.ReadCloser, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, s.split), f}, nil
}

// structure is the first part without its trades: the accounts, codes and rates that the measured part needs.
func (s *stream) structure() (io.ReadCloser, error) {
	f, err := s.first()
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		in := bufio.NewReaderSize(f, 1<<20)
		for {
			line, err := in.ReadBytes('\n')
			if len(line) > 0 && !isTrade(line) && !bytes.Contains(line[:min(len(line), 80)], []byte(`"type":"trade.reversed"`)) {
				if _, err := w.Write(line); err != nil {
					break
				}
			}
			if err != nil {
				_ = w.CloseWithError(err)
				break
			}
		}
		_ = f.Close()
	}()
	return r, nil
}

// Repeated lines come from the last so many but not the very last: a sender repeats what it got no answer to in time.
const (
	keptLines  = 100_000
	leastLines = 20_000
)

// next is the next n events of the measured part, one in a hundred of them a repeated line, and the trades among them.
func (s *stream) next(n int) (lines []byte, trades []referral.Event, err error) {
	decoder := ingest.NewDecoder()
	for i := range n {
		if i%100 == 99 && len(s.sent) > leastLines {
			lines = append(lines, s.sent[s.rng.IntN(len(s.sent)-leastLines)]...)
			continue
		}
		line, err := s.measured.ReadSlice('\n')
		if err != nil {
			return nil, nil, errors.Join(errors.New("too few events were generated"), err)
		}
		lines = append(lines, line...)
		if s.sent = append(s.sent, bytes.Clone(line)); len(s.sent) > 2*keptLines {
			s.sent = slices.Clone(s.sent[keptLines:])
		}
		if isTrade(line) {
			e, bad := decoder.Decode(bytes.Clone(bytes.TrimSpace(line)))
			if bad != nil {
				return nil, nil, bad
			}
			trades = append(trades, e)
		}
	}
	return lines, trades, nil
}

// withDatabase is the connection string with another database.
func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return address + " dbname=" + name
	}
	u.Path = "/" + name
	return u.String()
}
