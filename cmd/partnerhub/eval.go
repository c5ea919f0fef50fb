package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"time"

	"partnerhub/agent/offline/classify"
)

// evalCmd is `partnerhub eval`.
type evalCmd struct {
	Cases     evalRunCmd       `cmd:"" name:"run" help:"Play the cases of eval/ on a scratch database: how many come to what they must, by tool and by argument."`
	Compare   evalCompareCmd   `cmd:"" help:"Hold one run of the cases against another, case by case."`
	Retrieval evalRetrievalCmd `cmd:"" help:"Rank a foreign corpus, by words, by vectors and fused, and print how well, beside plain BM25."`
	Handoff   evalHandoffCmd   `cmd:"" help:"Measure by which messages the offline planner calls a person: precision and recall on labelled messages."`
	Routing   evalRoutingCmd   `cmd:"" help:"Measure where the chat takes questions that are labelled: to which articles of the library, to figures, or to a person."`
	Classify  evalClassifyCmd  `cmd:"" help:"Train the classifier of the offline planner on labelled texts, and test it on others."`
}

type evalClassifyCmd struct {
	Train string `required:"" placeholder:"FILE" help:"JSONL of text and label to learn from."`
	Test  string `required:"" placeholder:"FILE" help:"JSONL of text and label to be tested on; the label oos is out of scope."`
	JSON  bool   `name:"json" help:"Print each prediction, one JSON object a line."`
}

func (cmd *evalClassifyCmd) Run(_ ctxArg, a *app) error {
	train, err := readExamples(a, cmd.Train)
	if err != nil {
		return err
	}
	test, err := readExamples(a, cmd.Test)
	if err != nil {
		return err
	}
	if len(train) == 0 || len(test) == 0 {
		return usagef("eval classify: --train and --test must hold at least one example each")
	}
	start := time.Now()
	model := classify.Train(classify.Named(train))
	trained := time.Since(start)
	start = time.Now()
	right := 0
	for i, e := range test {
		label, confidence := model.Predict(e.Text)
		if label == e.Label {
			right++
		}
		if cmd.JSON {
			if err := a.print(struct {
				Index      int     `json:"index"`
				Text       string  `json:"text"`
				Label      string  `json:"label"`
				Predicted  string  `json:"predicted"`
				Confidence float64 `json:"confidence"`
			}{i, e.Text, e.Label, label, confidence}); err != nil {
				return err
			}
		}
	}
	each := time.Since(start) / time.Duration(len(test))
	accuracy := float64(right) / float64(len(test))
	if cmd.JSON {
		return a.print(struct {
			Accuracy float64 `json:"accuracy"`
			Right    int     `json:"right"`
			Total    int     `json:"total"`
		}{accuracy, right, len(test)})
	}
	_, err = fmt.Fprintf(a.stdout, "accuracy %.4f (%d of %d); trained on %d in %s, %s a text\n", accuracy, right, len(test), len(train), trained.Round(time.Millisecond), each)
	return err
}

func readExamples(a *app, name string) ([]classify.Example, error) {
	in, err := openInput(a, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var out []classify.Example
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxCallLine)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var e classify.Example
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		out = append(out, e)
	}
	return out, lines.Err()
}
