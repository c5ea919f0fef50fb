package main

import (
	"bufio"
	"os"
	"strings"
)

// labelled is a message and what it must come to, as the files of eval/handoff and eval/routing have them.
type labelled struct{ want, text string }

// readLabelled reads lines of "label: message"; empty ones and those that begin with # are left out.
func readLabelled(name string) ([]labelled, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []labelled
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		want, text, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, usagef("%s, line %d: want \"label: message\"", name, n)
		}
		out = append(out, labelled{want, text})
	}
	return out, lines.Err()
}
