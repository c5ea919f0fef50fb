package web

import (
	"testing"

	"partnerhub/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
