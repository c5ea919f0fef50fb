package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBarOnTerminal draws on a pseudo-terminal.
func TestBarOnTerminal(t *testing.T) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Fatal(err)
	}
	drawn := make(chan string)
	go func() {
		var all []byte
		buf := make([]byte, 4096)
		for !strings.Contains(string(all), "the end") {
			n, err := screen.Read(buf)
			if err != nil {
				break
			}
			all = append(all, buf[:n]...)
		}
		drawn <- string(all)
	}()
	show, done := Bar(terminal, 2_000_000)
	show(Progress{Bytes: 1_000_000, Lines: 5000})
	done()
	fmt.Fprintln(terminal, "the end")
	got := <-drawn
	for _, want := range []string{"5000 lines", "/s", "50%", "1.0/2.0 MB"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// TestBarElsewhere writes nothing into a file.
func TestBarElsewhere(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	show, done := Bar(f, 10)
	show(Progress{Bytes: 10, Lines: 1})
	done()
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("%v bytes, %v", info.Size(), err)
	}
}
