package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent/offline"
	"partnerhub/prompts"
)

// evalHandoffCmd is `partnerhub eval handoff`.
type evalHandoffCmd struct {
	File string `arg:"" placeholder:"FILE" help:"Lines of \"category: message\", with - where nobody is to be called, as eval/handoff has them."`
	JSON bool   `name:"json" help:"Print each message and then the figures, one JSON object a line."`
}

// handoffFigures are how well it is told who wants a person: of those that were handed over how many had to be, and of those that
// had to be how many were.
type handoffFigures struct {
	Messages  int     `json:"messages"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	Category  float64 `json:"category"` // of those handed over rightly, the share under the right category
}

func (cmd *evalHandoffCmd) Run(_ ctxArg, a *app) error {
	f, err := os.Open(cmd.File)
	if err != nil {
		return err
	}
	defer f.Close()
	words, err := prompts.Load()
	if err != nil {
		return err
	}
	planner := offline.New(words, nil, time.Now, a.zone)
	var out handoffFigures
	var right, wrong, missed, same float64
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		want, text, ok := strings.Cut(line, ": ")
		if !ok {
			return usagef("%s, line %d: want \"category: message\"", cmd.File, n)
		}
		want, got := strings.TrimPrefix(want, "-"), ""
		if frame := planner.Understand([]llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, text)})[0]; frame.Intent == offline.Handoff {
			got = frame.Category
		}
		out.Messages++
		switch {
		case got != "" && want != "":
			right++
			if got == want {
				same++
			}
		case got != "":
			wrong++
		case want != "":
			missed++
		}
		switch {
		case cmd.JSON:
			err = a.print(map[string]string{"text": text, "want": want, "got": got})
		case got != want:
			_, err = fmt.Fprintf(a.stdout, "want %q, got %q: %s\n", want, got, text)
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	out.Precision, out.Recall, out.Category = share(right, right+wrong), share(right, right+missed), share(same, right)
	if cmd.JSON {
		return a.print(out)
	}
	_, err = fmt.Fprintf(a.stdout, "handoff: %d messages, precision %.3f, recall %.3f, category %.3f\n", out.Messages, out.Precision, out.Recall, out.Category)
	return err
}

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
