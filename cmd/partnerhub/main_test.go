package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"partnerhub/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(withDatabases{m}, map[string]func(){
		"partnerhub": func() { os.Exit(start()) },
	})
}

// withDatabases gives the tests' PostgreSQL back when they are over.
type withDatabases struct{ m *testing.M }

func (w withDatabases) Run() int { return storetest.Run(w.m) }

// TestScripts runs the program as its users do: testdata/*.txtar, each with a home of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PARTNERHUB_HOME", e.WorkDir+"/home")
			e.Setenv("PARTNERHUB_PG_BIN", os.Getenv("PARTNERHUB_PG_BIN"))
			e.Setenv("HOME", os.Getenv("HOME"))
			return nil
		},
		UpdateScripts: os.Getenv("UPDATE") != "",
	})
}
