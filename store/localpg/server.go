package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// server is the private server of one home, running or not.
type server struct {
	dir   string // <home>/postgres
	log   *slog.Logger
	sync  bool
	runAs *syscall.Credential // nil: as the process itself
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// runAs is as whom the server runs. PostgreSQL refuses root, and wants its data folder to
// be its user's. So root runs it as the one who owns the first of the given folders that
// exists and is not root's own, or else as postgres or, without that user, as nobody.
func runAs(folders ...string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	names := []string{superuser, "nobody"}
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if owner := ownerOf(info); owner != 0 {
			// initdb wants its user to have a name.
			if u, err := user.LookupId(strconv.Itoa(owner)); err == nil {
				names = []string{u.Username}
				break
			}
		}
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user %s", strings.Join(names, " or "))
}

// ownerOf is the uid that owns a file.
func ownerOf(info os.FileInfo) int {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(stat.Uid)
}

// ensureRunning returns when the server accepts connections. It starts the server when no
// process of it is alive, and otherwise waits for the one that is: a killed owner may have
// left it starting, or somebody may just have shut it down. The caller holds start.lock.
func (s *server) ensureRunning(ctx context.Context, socketDir string) error {
	var exited <-chan struct{} // non-nil once this process has started a server
	began, reported := time.Now(), time.Now()
	for {
		if exited == nil {
			alive, err := s.tryLock("alive.lock", syscall.LOCK_EX)
			if err != nil {
				return err
			}
			if alive != nil {
				exited, err = s.start(ctx, alive)
				alive.Close()
				if err != nil {
					return err
				}
				began = time.Now()
			}
		}
		err := s.ping(ctx, socketDir)
		if err == nil {
			return nil
		}
		var refusal *pgconn.PgError
		busy := errors.As(err, &refusal) // it answers: recovering, or shutting down
		if !busy && time.Since(began) > startTimeout {
			return fmt.Errorf("the server does not accept connections: %w\n%s", err, s.lastLog())
		}
		if busy && time.Since(reported) > 5*time.Second {
			s.log.Info("waiting for the private PostgreSQL", "it says", refusal.Message)
			reported = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-exited:
			return fmt.Errorf("the server ended at once:\n%s", s.lastLog())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *server) ping(ctx context.Context, socketDir string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, connectionURL(socketDir, superuser, superuser))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// start runs the server in a session of its own, so that a Ctrl-C meant for the hub does
// not reach it, and hands alive.lock down to it. The channel is closed when it ends.
func (s *server) start(ctx context.Context, alive *os.File) (<-chan struct{}, error) {
	major, err := s.dataVersion()
	if err != nil {
		return nil, err
	}
	in, err := find(ctx, major)
	if err != nil {
		return nil, err
	}
	if major == 0 {
		if err := s.initialise(ctx, in); err != nil {
			return nil, err
		}
	}
	// No process of the server lives, since alive is ours: what is left of an earlier one
	// names a process id that may be anybody's by now.
	if err := os.Remove(s.path("data/postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	output, err := s.openLog()
	if err != nil {
		return nil, err
	}
	defer output.Close()
	// The server outlives the call, and this process if need be.
	command := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(in.bin, "postgres"))
	data, err := s.prepare(command, in, "data", alive)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	for _, setting := range settings(s.sync) {
		command.Args = append(command.Args, "-c", setting)
	}
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Path, err)
	}
	s.log.Debug("private PostgreSQL started", "bin", in.bin, "pid", command.Process.Pid, "dir", s.dir)
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = command.Wait() // reaps the child; how it ended is in its log
	}()
	return exited, nil
}

// prepare gives command the data folder to work in, the environment and the user. The
// folder is named through a file descriptor when root hands it to another user, who may not
// be allowed to walk there (/root has mode 0700); the descriptor needs no such permission.
func (s *server) prepare(command *exec.Cmd, in install, data string, inherited ...*os.File) (*os.File, error) {
	dir, err := os.Open(s.path(data))
	if err != nil {
		return nil, err
	}
	command.Env = in.env()
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: s.runAs}
	command.ExtraFiles = append(inherited, dir)
	name := dir.Name()
	if s.runAs != nil {
		name = fmt.Sprintf("/proc/self/fd/%d", 2+len(command.ExtraFiles))
	}
	command.Args = append(command.Args, "-D", name)
	return dir, nil
}

// initialise makes the data folder under another name first, so that a run that is killed
// leaves nothing that looks finished.
func (s *server) initialise(ctx context.Context, in install) error {
	began := time.Now()
	fresh := s.path("data.new")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return err
	}
	if s.runAs != nil {
		if err := os.Chown(fresh, int(s.runAs.Uid), int(s.runAs.Gid)); err != nil {
			return err
		}
	}
	// Collation C sorts by bytes and is the fastest; the character type knows every letter,
	// which text search needs. Trust is no risk: there is no way in but the socket, in a
	// folder of mode 0700.
	command := exec.CommandContext(ctx, filepath.Join(in.bin, "initdb"), "--username="+superuser, "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--no-instructions")
	if !s.sync {
		command.Args = append(command.Args, "--no-sync")
	}
	dir, err := s.prepare(command, in, "data.new")
	if err != nil {
		return err
	}
	defer dir.Close()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	if err := os.Rename(fresh, s.path("data")); err != nil {
		return err
	}
	s.log.Info("made a private PostgreSQL", "dir", s.dir, "version", in.major, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// dataVersion is the major version that made the data folder, 0 when there is none yet.
func (s *server) dataVersion() (int, error) {
	text, err := os.ReadFile(s.path("data/PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// stop ends the server, if one runs, disconnecting whoever is still connected, and waits
// until its last process is gone. The caller holds start.lock.
func (s *server) stop() error {
	deadline := time.Now().Add(stopTimeout)
	signalled := 0
	for {
		alive, err := s.tryLock("alive.lock", syscall.LOCK_EX)
		if err != nil {
			return err
		}
		if alive != nil {
			return alive.Close()
		}
		// A server that has only just begun has no postmaster.pid yet.
		if pid, err := s.postmaster(); err == nil && pid != signalled {
			if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("stopping PostgreSQL, process %d: %w", pid, err)
			}
			signalled = pid
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL, process %d, still runs %v after it was asked to stop", signalled, stopTimeout)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// postmaster is the id of the server's main process, to be trusted only while alive.lock
// is held by the server.
func (s *server) postmaster() (int, error) {
	text, err := os.ReadFile(s.path("data/postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err == nil && pid <= 1 {
		err = fmt.Errorf("postmaster.pid names process %d", pid)
	}
	return pid, err
}

// openLog opens the server's log for appending, emptied when it has grown over 10 MB.
func (s *server) openLog() (*os.File, error) {
	file, err := s.open("server.log", os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() > 10<<20 {
		err = file.Truncate(0)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// lastLog is the end of the server's log, for an error message.
func (s *server) lastLog() string {
	text, err := os.ReadFile(s.path("server.log"))
	if err != nil {
		return err.Error()
	}
	if len(text) > 2000 {
		text = text[len(text)-2000:]
	}
	return string(bytes.TrimSpace(text))
}
