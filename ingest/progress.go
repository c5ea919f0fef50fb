package ingest

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar shows on a terminal how far a run is: bytes of total (-1: not known), lines, and lines a second. It returns what
// Options.Progress wants, and what ends the bar. Where out is no terminal, nothing is written.
func Bar(out *os.File, total int64) (show func(Progress), done func()) {
	if !term.IsTerminal(int(out.Fd())) {
		return func(Progress) {}, func() {}
	}
	bar := progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(total > 0),
		progressbar.OptionFullWidth(),
		progressbar.OptionSetRenderBlankState(true),
	)
	begun := time.Now()
	show = func(p Progress) {
		bar.Describe(fmt.Sprintf("%d lines, %.0f/s", p.Lines, float64(p.Lines)/time.Since(begun).Seconds()))
		_ = bar.Set64(p.Bytes) // a bar that cannot be drawn stops nothing
	}
	return show, func() {
		_ = bar.Exit()
		fmt.Fprintln(out)
	}
}
