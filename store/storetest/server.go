package storetest

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"partnerhub/store/localpg"
)

// Server is a PostgreSQL of a test's own, with the settings of production: without them a commit could be lost with the server. It can be killed
// and started again. It is not safe for concurrent use.
type Server struct {
	t        testing.TB
	home     string
	instance *localpg.Instance
}

// NewServer starts a server in a home, which it stops when the test ends. Its database is empty.
func NewServer(t testing.TB, home string) *Server {
	t.Helper()
	s := &Server{t: t, home: home}
	s.Start()
	t.Cleanup(func() {
		if err := s.instance.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// URL is the connection string of its database.
func (s *Server) URL() string { return s.instance.URL() }

// Socket is the path of the socket at which it listens.
func (s *Server) Socket() string { return filepath.Join(s.data(), ".s.PGSQL.5432") }

func (s *Server) data() string { return filepath.Join(s.home, "postgres/data") }

// Start starts the server, if it does not run, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	next, err := localpg.Open(s.t.Context(), s.home, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.instance != nil {
		if err := s.instance.Close(); err != nil { // the new lease keeps the server
			s.t.Error(err)
		}
	}
	s.instance = next
}

// Kill ends every process of the server at once, as the kernel does when memory is short.
func (s *Server) Kill() { s.each(syscall.SIGKILL) }

// Hang stops every process of the server: it neither answers nor ends a connection, until Wake.
func (s *Server) Hang() { s.each(syscall.SIGSTOP) }

// Wake lets a server that hangs go on.
func (s *Server) Wake() { s.each(syscall.SIGCONT) }

// Stop shuts the server down, as an upgrade does: whoever is connected is disconnected.
func (s *Server) Stop() {
	s.t.Helper()
	postmaster := s.postmaster()
	s.signal(postmaster, syscall.SIGINT)
	for begun := time.Now(); syscall.Kill(postmaster, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			s.t.Fatal("PostgreSQL does not stop")
		}
	}
}

// each signals every process of the server. The main one is stopped first, so that it starts no more.
func (s *Server) each(signal syscall.Signal) {
	s.t.Helper()
	postmaster := s.postmaster()
	s.signal(postmaster, syscall.SIGSTOP)
	pids := append(s.childrenOf(postmaster), postmaster)
	if len(pids) < 4 { // those for writing the log and the pages, at the least
		s.t.Errorf("the server has the processes %v only", pids)
	}
	for _, pid := range pids {
		s.signal(pid, signal)
	}
}

func (s *Server) signal(pid int, signal syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(pid, signal); err != nil && err != syscall.ESRCH {
		s.t.Fatal(err)
	}
}

func (s *Server) postmaster() int {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		s.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || pid <= 1 {
		s.t.Fatalf("postmaster.pid names process %q", first)
	}
	return pid
}

// childrenOf are the processes whose parent is pid.
func (s *Server) childrenOf(pid int) (children []int) {
	s.t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// "pid (name) state ppid …", where the name may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(strings.Split(path, "/")[2])
			if err != nil {
				s.t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}
