package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	openai "github.com/sashabaranov/go-openai"

	"partnerhub/agent/modeltest"
	"partnerhub/store/storetest"
)

// TestEvalRunByURL measures a model behind a URL: one case it always gets right, one only every other time.
func TestEvalRunByURL(t *testing.T) {
	var asked atomic.Int32
	model := modeltest.New(t, modeltest.Endless(modeltest.Reply(func(r modeltest.Request) modeltest.Step {
		last := r.Chat.Messages[len(r.Chat.Messages)-1]
		if last.Role == openai.ChatMessageRoleTool {
			return modeltest.Stream(modeltest.Chunk("Here are the figures of this week."), modeltest.Finish("stop"), modeltest.Usage(1000, 50), modeltest.Done())
		}
		period := "this_week"
		if strings.Contains(last.Content, "volume") && asked.Add(1)%2 == 0 {
			period = "last_week"
		}
		metric := map[bool]string{true: "volume", false: "commission"}[strings.Contains(last.Content, "volume")]
		return modeltest.Calls(modeltest.Call{ID: fmt.Sprint("call_", r.Remote, asked.Load()), Name: "query_metrics", Args: fmt.Sprintf(`{"metrics":[%q],"period":%q}`, metric, period)})
	})))
	folder := t.TempDir()
	cases := "-- commission --\n> How much commission this week?\ncall query_metrics metrics=commission period=this_week\ncard metrics\n" +
		"-- volume --\n> How much volume this week?\ncall query_metrics metrics=volume period=this_week\ncard metrics\n"
	if err := os.WriteFile(filepath.Join(folder, "url.txtar"), []byte(cases), 0o600); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(folder, "report.html")
	var out, said bytes.Buffer
	status := run(context.WithoutCancel(t.Context()), []string{"eval", "run", "--database-url", storetest.URL(t), "--model", model.URL + "#scripted", "--cases", folder, "--case", "folder/*",
		"--repeat", "4", "--price-in", "2", "--price-out", "8", "--no-keep", "--html", page, "--json"}, strings.NewReader(""), &out, &said)
	if status != exitFailed { // a case did not come to what it must
		t.Fatalf("status %d: %s", status, said.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got struct {
		Pass1, Pass4 float64
		Tools, Args  map[string]struct{ Right, Total int }
		Faults       map[string]int
		Tokens       [2]int
		CostUSD      string
		LatencyMS    []int
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatal(err)
	}
	if got.Pass1 != 0.75 || got.Pass4 != 0.5 { // of two cases one passes always, the other twice out of four
		t.Errorf("pass^1 %v, pass^4 %v, want 0.75 and 0.5", got.Pass1, got.Pass4)
	}
	if tool, arg := got.Tools["query_metrics"], got.Args["period"]; tool.Right != 8 || tool.Total != 8 || arg.Right != 6 || arg.Total != 8 {
		t.Errorf("tools %v, arguments %v", got.Tools, got.Args)
	}
	if got.Faults["agent"] != 2 || got.Tokens[0] < 6*1000 || got.Tokens[1] < 6*50 || got.CostUSD == "" || strings.HasPrefix(got.CostUSD, "0.00") || len(got.LatencyMS) != 2 {
		t.Errorf("%+v", got)
	}
	html, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(html, []byte("scripted")) || !bytes.Contains(html, []byte("folder/url/volume")) {
		t.Errorf("the page: %v, %d bytes", err, len(html))
	}
}
