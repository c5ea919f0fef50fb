package delivery

import (
	"os"
	"testing"

	"partnerhub/store/storetest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		child(url)
		return
	}
	storetest.Main(m)
}
