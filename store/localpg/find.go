package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNotInstalled says that no PostgreSQL with pgvector was found; the error that wraps it
// says where it was looked for and how to install it.
var ErrNotInstalled = errors.New("no PostgreSQL 15 or newer with pgvector found")

const minMajor = 15

// install is one set of PostgreSQL's programs.
type install struct {
	bin   string   // the folder of postgres and initdb
	major int      // e.g. 15
	libs  []string // folders of shared libraries, for packages unpacked beside the system
}

// env is the whole environment of PostgreSQL's programs: nothing of the caller's locale,
// time zone or PG* variables gets through.
func (in install) env() []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC"}
	if len(in.libs) > 0 {
		env = append(env, "LD_LIBRARY_PATH="+strings.Join(in.libs, ":"))
	}
	return env
}

// find returns the programs to use: $PARTNERHUB_PG_BIN, else what `make deps` unpacked for
// an ordinary user, else the newest of the system's. A data folder can only be used by
// the major version that made it: major is that version, or 0 for a new one.
func find(ctx context.Context, major int) (install, error) {
	var seen []string
	for _, bin := range candidates() {
		in, err := inspect(ctx, bin)
		switch {
		case err == nil && (major == 0 || in.major == major):
			return in, nil
		case err == nil:
			err = fmt.Errorf("version %d, but the data folder is of version %d", in.major, major)
		case errors.Is(err, os.ErrNotExist):
			continue
		}
		if ctx.Err() != nil {
			return install{}, ctx.Err()
		}
		seen = append(seen, fmt.Sprintf("%s: %v", bin, err))
	}
	if len(seen) == 0 {
		seen = []string{"looked in PARTNERHUB_PG_BIN, the unpacked packages, /usr/lib/postgresql and PATH"}
	}
	return install{}, fmt.Errorf("%w (%s). Run `make deps` in the checkout, or install the package "+
		"postgresql-NN-pgvector, or name the folder of its programs in PARTNERHUB_PG_BIN, "+
		"or a database in DATABASE_URL", ErrNotInstalled, strings.Join(seen, "; "))
}

func candidates() []string {
	if bin := os.Getenv("PARTNERHUB_PG_BIN"); bin != "" {
		return []string{bin}
	}
	var bins []string
	// root runs the server as another user, who may not look into root's home; scripts/deps
	// installs for the whole system when it is root.
	if cache, err := os.UserCacheDir(); err == nil && os.Geteuid() != 0 {
		bins = append(bins, versions(filepath.Join(cache, "partnerhub", "postgresql", "usr", "lib", "postgresql"))...)
	}
	bins = append(bins, versions("/usr/lib/postgresql")...)
	if path, err := exec.LookPath("postgres"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		if bin := filepath.Dir(path); err == nil && !slices.Contains(bins, bin) {
			bins = append(bins, bin)
		}
	}
	return bins
}

// versions lists <dir>/NN/bin, newest first.
func versions(dir string) []string {
	bins, _ := filepath.Glob(filepath.Join(dir, "*", "bin")) // the pattern is well-formed
	number := func(bin string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // what is no number sorts last
		return n
	}
	slices.SortFunc(bins, func(a, b string) int { return number(b) - number(a) })
	return bins
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect returns os.ErrNotExist where there is no PostgreSQL at all, and says what is
// wrong with one that cannot be used.
func inspect(ctx context.Context, bin string) (install, error) {
	for _, program := range []string{"postgres", "initdb"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			return install{}, err
		}
	}
	in := install{bin: bin}
	// Debian's packages keep the layout below another root when they are unpacked there.
	root, _, debian := strings.Cut(bin, "/usr/lib/postgresql/")
	if debian && root != "" {
		in.libs, _ = filepath.Glob(filepath.Join(root, "usr", "lib", "*-linux-gnu*")) // the pattern is well-formed
	}
	command := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version")
	command.Env = in.env()
	out, err := command.CombinedOutput()
	if err != nil {
		return install{}, fmt.Errorf("postgres --version: %w: %s", err, strings.TrimSpace(string(out)))
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return install{}, fmt.Errorf("postgres --version says %q", out)
	}
	if in.major, err = strconv.Atoi(string(match[1])); err != nil {
		return install{}, err
	}
	if in.major < minMajor {
		return install{}, fmt.Errorf("version %d is older than %d", in.major, minMajor)
	}
	for _, share := range []string{
		filepath.Join(bin, "../share/extension"),
		filepath.Join(bin, "../share/postgresql/extension"),
		fmt.Sprintf("%s/usr/share/postgresql/%d/extension", root, in.major),
	} {
		if _, err := os.Stat(filepath.Join(share, "vector.control")); err == nil {
			return in, nil
		}
	}
	return install{}, errors.New("pgvector is missing")
}
