package localpg_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"partnerhub/store/localpg"
)

// The test binary is also the other process of a test: with this variable it opens the home
// it names, prints the connection string and holds its lease until its input ends.
const childHome = "LOCALPG_TEST_CHILD_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(childHome); home != "" {
		if err := runChild(home); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runChild(home string) error {
	instance, err := localpg.Open(context.Background(), home, slog.New(slog.DiscardHandler), localpg.WithoutSync())
	if err != nil {
		return err
	}
	fmt.Println(instance.URL())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return instance.Close()
}

// child is another process that uses a home.
type child struct {
	command *exec.Cmd
	input   io.WriteCloser
	url     string
}

func startChild(t *testing.T, home string, as *syscall.Credential) *child {
	t.Helper()
	c := &child{command: exec.Command(os.Args[0])}
	if as != nil {
		c.command = exec.Command(sharedBinary(t))
		c.command.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		c.command.Dir = "/"
	}
	c.command.Env = append(os.Environ(), childHome+"="+home)
	c.command.Stderr = os.Stderr
	input, err := c.command.StdinPipe()
	must(t, err)
	c.input = input
	output, err := c.command.StdoutPipe()
	must(t, err)
	must(t, c.command.Start())
	t.Cleanup(func() { c.command.Process.Kill(); c.command.Wait() })
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the other process printed no address: %v", err)
	}
	c.url = strings.TrimSpace(line)
	return c
}

// sharedBinary is a copy of this test binary that another user may run.
func sharedBinary(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(os.Args[0])
	must(t, err)
	dir := publicDir(t)
	path := filepath.Join(dir, "child")
	must(t, os.WriteFile(path, text, 0o755))
	return path
}

// publicDir is a temporary folder that every user may enter, unlike t.TempDir's as root.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "localpg")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (c *child) leave(t *testing.T) {
	t.Helper()
	must(t, c.input.Close())
	must(t, c.command.Wait())
}

func open(t *testing.T, home string) *localpg.Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	instance, err := localpg.Open(ctx, home, slog.New(slog.DiscardHandler), localpg.WithoutSync())
	must(t, err)
	t.Cleanup(func() { instance.Close() })
	return instance
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask runs one query that returns one text.
func ask(t *testing.T, url, query string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	defer conn.Close(t.Context())
	var answer string
	must(t, conn.QueryRow(t.Context(), query).Scan(&answer))
	return answer
}

func postmaster(t *testing.T, home string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(home, "postgres/data/postmaster.pid"))
	must(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	must(t, err)
	return pid
}

func assertStopped(t *testing.T, home, url string) {
	t.Helper()
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		conn.Close(t.Context())
		t.Error("the server still answers")
	}
	if _, err := os.Stat(filepath.Join(home, "postgres/data/postmaster.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("postmaster.pid is still there: %v", err)
	}
}

func TestOpenGivesTheServiceItsDatabase(t *testing.T) {
	home := t.TempDir()
	url := open(t, home).URL()
	for query, want := range map[string]string{
		"SELECT current_database()":                          "partnerhub",
		"SHOW server_encoding":                               "UTF8",
		"SHOW timezone":                                      "UTC",
		"SHOW listen_addresses":                              "",
		"SELECT upper('naïve')":                              "NAÏVE",
		"SELECT ('[1,2]'::vector <-> '[1,4]'::vector)::text": "2",
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user":             "false",
		"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'partnerhub'": "partnerhub",
	} {
		if got := ask(t, url, query); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
}

// Durability is given up where a test asks for it, and nowhere else.
func TestSyncIsOnUnlessATestTurnsItOff(t *testing.T) {
	if got := ask(t, open(t, t.TempDir()).URL(), "SHOW fsync"); got != "off" {
		t.Errorf("fsync is %s with WithoutSync", got)
	}
	instance, err := localpg.Open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
	must(t, err)
	defer instance.Close()
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if got := ask(t, instance.URL(), "SHOW "+setting); got != "on" {
			t.Errorf("%s is %s", setting, got)
		}
	}
}

func TestTwoProcessesShareOneServerAndTheLastOneOutStopsIt(t *testing.T) {
	home := t.TempDir()
	first := startChild(t, home, nil)
	pid := postmaster(t, home)
	second := startChild(t, home, nil)
	if got := postmaster(t, home); got != pid {
		t.Errorf("the second process started another server: %d, then %d", pid, got)
	}
	first.leave(t)
	ask(t, second.url, "SELECT 'still there'")
	second.leave(t)
	assertStopped(t, home, second.url)
}

func TestLeasesOfOneProcessCountOneByOne(t *testing.T) {
	home := t.TempDir()
	first, second := open(t, home), open(t, home)
	must(t, first.Close())
	must(t, first.Close()) // again: nothing more is given back
	ask(t, second.URL(), "SELECT 'still there'")
	must(t, second.Close())
	assertStopped(t, home, second.URL())
}

func TestServerOfAKilledOwnerIsUsedAndStopped(t *testing.T) {
	home := t.TempDir()
	owner := startChild(t, home, nil)
	pid := postmaster(t, home)
	must(t, owner.command.Process.Kill())
	owner.command.Wait()
	ask(t, owner.url, "SELECT 'left behind'")

	next := startChild(t, home, nil)
	if got := postmaster(t, home); got != pid {
		t.Errorf("the server left behind, %d, was not used but %d", pid, got)
	}
	next.leave(t)
	assertStopped(t, home, next.url)
}

func TestKilledServerIsStartedAgain(t *testing.T) {
	home := t.TempDir()
	url := open(t, home).URL()
	ask(t, url, "SELECT 'up'")
	pid := postmaster(t, home)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	if got := ask(t, open(t, home).URL(), "SELECT 'back'"); got != "back" {
		t.Error(got)
	}
	if postmaster(t, home) == pid {
		t.Error("the killed server's process is still named")
	}
}

// After a restart of the machine the file may name a process that is anybody's.
func TestStalePostmasterPidIsNotBelieved(t *testing.T) {
	home := t.TempDir()
	must(t, open(t, home).Close())
	stranger := exec.Command("sleep", "60")
	must(t, stranger.Start())
	defer func() { stranger.Process.Kill(); stranger.Wait() }()
	path := filepath.Join(home, "postgres/data/postmaster.pid")
	must(t, os.WriteFile(path, fmt.Appendf(nil, "%d\n%s\n1\n5432\n.\n\n0 0\nready\n", stranger.Process.Pid, home), 0o644))
	instance := open(t, home)
	ask(t, instance.URL(), "SELECT 'up'")
	must(t, instance.Close())
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was stopped: %v", err)
	}
}

// Whoever opens finds a server, although others leave, and stop it, all the time.
func TestOpenAndCloseAtTheSameTime(t *testing.T) {
	home := t.TempDir()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 3 {
				instance, err := localpg.Open(t.Context(), home, slog.New(slog.DiscardHandler), localpg.WithoutSync())
				if err != nil {
					t.Error(err)
					return
				}
				conn, err := pgx.Connect(t.Context(), instance.URL())
				if err != nil {
					t.Error(err)
				} else {
					conn.Close(t.Context())
				}
				if err := instance.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	assertStopped(t, home, "postgres:///partnerhub?user=partnerhub&host="+home+"/postgres/data")
}

func TestInterruptedInitialisationIsMadeAgain(t *testing.T) {
	home := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(home, "postgres/data.new/base"), 0o700))
	must(t, os.WriteFile(filepath.Join(home, "postgres/data.new/PG_VERSION"), []byte("15\n"), 0o600))
	ask(t, open(t, home).URL(), "SELECT 'up'")
}

func TestHomeWithAPathTooLongForASocket(t *testing.T) {
	home := filepath.Join(t.TempDir(), strings.Repeat("long/", 30), "with space & percent%20")
	instance := open(t, home)
	if got := ask(t, instance.URL(), "SELECT current_database()"); got != "partnerhub" {
		t.Error(got)
	}
	must(t, instance.Close())
	assertStopped(t, home, instance.URL())
	target := filepath.Join(home, "postgres/data")
	links, err := filepath.Glob("/tmp/partnerhub-*")
	must(t, err)
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == target {
			t.Errorf("%s is left behind", link)
		}
	}
}

func TestCancelledOpenLeavesNoServer(t *testing.T) {
	home := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := localpg.Open(ctx, home, slog.New(slog.DiscardHandler), localpg.WithoutSync())
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	assertStopped(t, home, "postgres:///partnerhub?host="+home+"/postgres/data")
}

func TestMissingPostgreSQLIsNamed(t *testing.T) {
	t.Setenv("PARTNERHUB_PG_BIN", t.TempDir())
	_, err := localpg.Open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
	if !errors.Is(err, localpg.ErrNotInstalled) || !strings.Contains(err.Error(), "make deps") {
		t.Errorf("got %v", err)
	}
}

// Root's server runs as another user, also in a home that user may not walk to.
func TestRootsHomes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: nothing to see")
		return
	}
	private, err := os.MkdirTemp("/root", "localpg")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(private) })
	for name, home := range map[string]string{"below /root": private, "below /tmp": publicDir(t)} {
		t.Run(name, func(t *testing.T) {
			instance := open(t, home)
			ask(t, instance.URL(), "SELECT 'up'")
			info, err := os.Stat(fmt.Sprintf("/proc/%d", postmaster(t, home)))
			must(t, err)
			if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
				t.Error("the server runs as root")
			}
			must(t, instance.Close())
			assertStopped(t, home, instance.URL())
			instance = open(t, home) // the data is found again
			ask(t, instance.URL(), "SELECT 'up'")
		})
	}
}

// The home of an ordinary user stays usable by that user after root has used it.
func TestRootInTheHomeOfAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: every home here is an ordinary user's")
		return
	}
	const nobody = 65534
	home := publicDir(t)
	must(t, os.Chown(home, nobody, nobody))
	must(t, open(t, home).Close())
	user := startChild(t, home, &syscall.Credential{Uid: nobody, Gid: nobody})
	ask(t, open(t, home).URL(), "SELECT 'shared by both'")
	user.leave(t)
}
