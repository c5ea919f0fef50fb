package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// cpu is processor time spent so far, in seconds. Unlike events per second, it says much the same on a machine that
// others use meanwhile.
type cpu struct{ hub, server float64 }

func (c cpu) less(o cpu) cpu { return cpu{c.hub - o.hub, c.server - o.server} }

func (c cpu) plus(o cpu) cpu { return cpu{c.hub + o.hub, c.server + o.server} }

// cpuUsed reads this process's time, and that of a PostgreSQL on the same machine: 0 for any other.
func (b *bench) cpuUsed(ctx context.Context) (c cpu, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return c, err
	}
	c.hub = float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	var pid int
	if err := b.admin.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		return c, err
	}
	backend, ok := readStat(pid, "postgres")
	if !ok {
		return c, nil
	}
	// The postmaster's own time includes that of its children that have ended.
	if s, ok := readStat(backend.parent, "postgres"); ok {
		c.server = s.own + s.children
	}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return c, err
	}
	for _, path := range all {
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			if s, ok := readStat(pid, "postgres"); ok && s.parent == backend.parent {
				c.server += s.own
			}
		}
	}
	return c, nil
}

// stat is a process's processor time so far, in seconds, its own and that of its children that have ended.
type stat struct {
	parent        int
	own, children float64
}

// readStat reads a process's, if it runs a program of that name.
func readStat(pid int, program string) (s stat, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil || !bytes.Contains(text, []byte(program)) {
		return s, false
	}
	_, rest, ok := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 15 {
		return s, false
	}
	const ticks = 100 // a second, on Linux for all programs
	n := make([]float64, 4)
	for i := range n {
		if n[i], err = strconv.ParseFloat(fields[11+i], 64); err != nil {
			return s, false
		}
	}
	s.parent, err = strconv.Atoi(fields[1])
	s.own, s.children = (n[0]+n[1])/ticks, (n[2]+n[3])/ticks
	return s, err == nil
}
