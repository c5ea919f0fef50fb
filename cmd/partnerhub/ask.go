package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"partnerhub/agent"
	"partnerhub/domain"
	"partnerhub/domain/conversation"
	"partnerhub/prompts"
	"partnerhub/tools"
)

// askCmd is `partnerhub ask` (SPEC 13).
type askCmd struct {
	asPartner
	clock
	Text         string `arg:"" optional:"" help:"The question."`
	Conversation string `placeholder:"ID" help:"Go on with this conversation."`
	JSON         bool   `name:"json" help:"Print the run's events, one JSON object a line."`
	Batch        string `placeholder:"FILE" help:"Answer a file of dialogs, one JSON object a line."`
}

func (cmd *askCmd) Run(ctx ctxArg, a *app) error {
	c, err := cmd.caller()
	if err != nil {
		return err
	}
	if (cmd.Text == "") == (cmd.Batch == "") {
		return usagef("ask: want either a question or --batch FILE")
	}
	s, pool, err := a.store(ctx)
	if err != nil {
		return err
	}
	ag, _, _, err := a.assistant(s, pool, cmd.now(), true)
	if err != nil {
		return err
	}
	stop := runAgent(ctx, ag)
	defer stop()
	if cmd.Batch != "" {
		in, err := openInput(a, cmd.Batch)
		if err != nil {
			return err
		}
		defer in.Close()
		return ag.AskBatch(ctx, c, in, a.stdout)
	}
	p := &printer{out: a.stdout, json: cmd.JSON}
	if err := ag.Ask(ctx, c, conversation.Message{ThreadID: cmd.Conversation, Text: cmd.Text}, p.event); err != nil {
		return err
	}
	return p.end(a.stderr)
}

// runAgent runs the agent's upkeep beside a command, and returns what ends it.
func runAgent(ctx context.Context, ag *agent.Agent) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = ag.Run(ctx) // it ends with ctx; a run's own failure is an event of the run
	}()
	return func() { cancel(); <-done }
}

// openInput opens a file, or standard input for "-".
func openInput(a *app, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.stdin), nil
	}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usageError{err}
	}
	return f, err
}

// printer shows a run in a terminal: its text, its cards as tables, and what can be asked next.
type printer struct {
	out    io.Writer
	json   bool
	thread string
	failed string
}

func (p *printer) event(l conversation.Logged) error {
	e, err := l.Event()
	if err != nil {
		return err
	}
	if p.json {
		_, err := fmt.Fprintf(p.out, "%s\n", l.JSON)
		return err
	}
	switch e.Type {
	case conversation.RunStarted:
		p.thread = e.ThreadID
	case conversation.TextContent:
		fmt.Fprint(p.out, e.Delta)
	case conversation.TextEnd:
		fmt.Fprintln(p.out)
	case conversation.RunError:
		p.failed = e.Message
	case conversation.Custom:
		p.custom(e)
	}
	return nil
}

func (p *printer) custom(e conversation.Event) {
	switch e.Name {
	case "card":
		var card struct {
			Title string
			Data  map[string]json.RawMessage
		}
		if json.Unmarshal(e.Value, &card) == nil {
			fmt.Fprintf(p.out, "\n  %s\n", card.Title)
			printRows(p.out, card.Data["rows"])
		}
	case "question":
		var q struct {
			Question string
			Options  []string
		}
		if json.Unmarshal(e.Value, &q) == nil {
			fmt.Fprintln(p.out, q.Question)
			for _, o := range q.Options {
				fmt.Fprintf(p.out, "  - %s\n", o)
			}
		}
	case "suggestions":
		var s struct{ Items []string }
		if json.Unmarshal(e.Value, &s) == nil && len(s.Items) > 0 {
			fmt.Fprintf(p.out, "\nAsk next: %s\n", strings.Join(s.Items, " · "))
		}
	}
}

// end says how to go on, and fails when the run did.
func (p *printer) end(stderr io.Writer) error {
	if p.failed != "" {
		return errors.New(p.failed)
	}
	if !p.json {
		fmt.Fprintf(stderr, "(go on with --conversation %s)\n", p.thread)
	}
	return nil
}

// toolCmd is `partnerhub tool` (SPEC 13).
type toolCmd struct {
	As    int64  `name:"as" placeholder:"UID" help:"The partner who asks."`
	Name  string `arg:"" optional:"" help:"The tool."`
	Args  string `arg:"" optional:"" help:"Its arguments, a JSON object."`
	Batch string `placeholder:"FILE" help:"Run a file of calls, one {uid, tool, args} a line."`
	JSON  bool   `name:"json" help:"Accepted for uniformity: results are always JSON."`
	clock
}

// maxCallLine bounds a line of a batch of calls, in bytes.
const maxCallLine = 1 << 20

func (cmd *toolCmd) Run(ctx ctxArg, a *app) error {
	if (cmd.Name == "") == (cmd.Batch == "") {
		return usagef("tool: want either a tool with its arguments or --batch FILE")
	}
	if cmd.Batch == "" && cmd.As <= 0 {
		return usagef("tool: --as UID is missing")
	}
	s, pool, err := a.store(ctx)
	if err != nil {
		return err
	}
	words, err := prompts.Load()
	if err != nil {
		return fmt.Errorf("prompts: %w", err)
	}
	all, err := a.tools(s, pool, words, cmd.now(), true)
	if err != nil {
		return err
	}
	byName := map[string]tools.Tool{}
	for _, t := range all {
		byName[t.Name] = t
	}
	call := func(uid int64, name string, args json.RawMessage) (json.RawMessage, error) {
		t, ok := byName[name]
		if !ok {
			return nil, domain.Invalid("tool", "there is no tool %q", name)
		}
		if uid <= 0 {
			return nil, domain.Invalid("uid", "want the uid of a partner")
		}
		return t.Run(ctx, domain.Partner(uid), args)
	}
	if cmd.Batch == "" {
		args := cmd.Args
		if args == "" {
			args = "{}"
		}
		result, err := call(cmd.As, cmd.Name, json.RawMessage(args))
		if err != nil {
			return errors.Join(a.print(errorLine{domain.AsError(err)}), err)
		}
		return a.print(result)
	}
	in, err := openInput(a, cmd.Batch)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxCallLine)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var l struct {
			UID  int64           `json:"uid"`
			Tool string          `json:"tool"`
			Args json.RawMessage `json:"args"`
		}
		var out any
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			out = errorLine{domain.Invalid(fmt.Sprintf("line %d", n), "is not a call: %v", err)}
		} else if out, err = call(l.UID, l.Tool, l.Args); err != nil {
			out = errorLine{domain.AsError(err)}
		}
		if err := a.print(out); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return lines.Err()
}

type errorLine struct {
	Error *domain.Error `json:"error"`
}
