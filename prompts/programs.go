package prompts

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"partnerhub/domain/program"
)

//go:embed programs.json
var programs []byte

// Programs are those of a fresh deployment; afterwards the operator's own versions count.
func Programs() ([]program.Program, error) {
	var out []program.Program
	if err := json.Unmarshal(programs, &out); err != nil {
		return nil, fmt.Errorf("programs.json: %w", err)
	}
	for i := range out {
		if err := out[i].Validate(); err != nil {
			return nil, fmt.Errorf("programs.json: %s: %w", out[i].Name, err)
		}
	}
	return out, nil
}
