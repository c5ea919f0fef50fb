package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"partnerhub/agent/offline"
	"partnerhub/knowledge"
	"partnerhub/library"
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
	messages, err := readLabelled(cmd.File)
	if err != nil {
		return err
	}
	words, err := prompts.Load()
	if err != nil {
		return err
	}
	articles, err := knowledge.Load(library.Files)
	if err != nil {
		return fmt.Errorf("library: %w", err)
	}
	planner := offline.New(words, knowledge.Asked(articles), time.Now, a.zone)
	var out handoffFigures
	var right, wrong, missed, same float64
	for _, m := range messages {
		want, text, got := strings.TrimPrefix(m.want, "-"), m.text, ""
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
