package main

import (
	"partnerhub/domain/referral/anomalies"
	"partnerhub/domain/referral/explain"
)

// explainCmd is `partnerhub explain` (SPEC 13).
type explainCmd struct {
	File string `arg:"" help:"JSONL of {id, columns, rows}, the last two columns real and predict; - for standard input."`
	JSON bool   `name:"json" help:"Accepted for uniformity: results are always JSON."`
}

func (cmd *explainCmd) Run(_ ctxArg, a *app) error {
	in, err := openInput(a, cmd.File)
	if err != nil {
		return err
	}
	defer in.Close()
	return explain.RunFile(in, a.stdout)
}

// detectCmd is `partnerhub detect` (SPEC 13).
type detectCmd struct {
	File string `arg:"" help:"CSV of timestamp and value; - for standard input."`
}

func (cmd *detectCmd) Run(_ ctxArg, a *app) error {
	in, err := openInput(a, cmd.File)
	if err != nil {
		return err
	}
	defer in.Close()
	return anomalies.RunCSV(in, a.stdout)
}
