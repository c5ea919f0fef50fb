package offline

import (
	"encoding/json"
	"strconv"
	"strings"
)

// renderRules quotes the sentences that answer, and cites the section.
func (p *Planner) renderRules(result string) string {
	var r struct {
		Answered bool `json:"answered"`
		Answer   []struct {
			Text string `json:"text"`
			Key  string `json:"key"`
		} `json:"answer"`
		Rows []struct {
			Key     string `json:"key"`
			Title   string `json:"title"`
			Section string `json:"section"`
			Version int    `json:"version"`
		} `json:"rows"`
		Note string `json:"note"`
	}
	if json.Unmarshal([]byte(result), &r) != nil {
		return p.prompts.Answer("error.internal")
	}
	if !r.Answered || len(r.Answer) == 0 || len(r.Rows) == 0 {
		return p.prompts.Answer("rules.unknown")
	}
	var sentences, cited []string
	for _, s := range r.Answer {
		sentences = append(sentences, s.Text)
	}
	for _, row := range r.Rows {
		for _, s := range r.Answer {
			if s.Key != row.Key {
				continue
			}
			name := row.Title
			if row.Section != row.Title {
				name += " › " + row.Section
			}
			cited = append(cited, name)
			break
		}
	}
	joint := " "
	if strings.HasPrefix(sentences[0], "1. ") { // steps
		joint = "\n"
	}
	answer, version := "rules.answer", r.Rows[0].Version
	if r.Note != "" {
		answer = "rules.note"
	}
	return p.prompts.Answer(answer, "sentences", strings.Join(sentences, joint), "cited", strings.Join(cited, "; "), "version", strconv.Itoa(version), "note", r.Note)
}

// toldResources is how many recommendations are said; the card has them all.
const toldResources = 3

// renderResources says what is recommended, and why.
func (p *Planner) renderResources(f Frame, r result) string {
	if len(r.Rows) == 0 {
		return p.prompts.Answer("resources.none")
	}
	rows := r.Rows[:min(len(r.Rows), toldResources)]
	items := make([]string, len(rows))
	for i, row := range rows {
		items[i] = "\n- " + p.prompts.Answer("resources.item", "title", row.text("title"), "reason", row.text("reason"))
	}
	count := "These"
	if len(rows) == 1 {
		count = "This one"
	}
	return p.prompts.Answer("resources."+f.Intent.resource(), "count", count, "items", strings.Join(items, ""))
}
