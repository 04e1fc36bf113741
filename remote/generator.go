package remote

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// Generator is a machine that makes the load.
type generator struct {
	*session
	machine provider.Machine
	sum     string // of the program, SHA-256
}

const (
	generatorInterval = 10 * time.Second
	generatorPatience = 3 * time.Minute // without a word from home, until the load stops by itself
	maxBundle         = 64 << 20
	urlLife           = 10 * time.Minute // of an address in a command that fetches it at once
)

// startGenerator starts the machine that makes the load, and sends the program to the bucket.
func (s *session) startGenerator(ctx context.Context, group string) error {
	planned := s.plan.Generator()
	if architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]; s.Binary == "" && (runtime.GOOS != "linux" || architecture != planned.Image.Architecture) {
		return plan.Wrong("--generator-binary names a plimsoll for Linux and that processor: GOOS=linux GOARCH=… go build ./cmd/plimsoll",
			"the generator is Linux on %s, and this machine's program is %s/%s", planned.Image.Architecture, runtime.GOOS, runtime.GOARCH)
	}
	made, err := s.provisioner.Launch(ctx, *planned, plan.RoleGenerator, group)
	if err != nil {
		return err
	}
	if made, err = s.provisioner.WaitReady(ctx, *planned, plan.RoleGenerator, made); err != nil {
		return err
	}
	s.generator = &generator{session: s, machine: made}
	s.Say("sending plimsoll to the generator")
	return s.generator.send(ctx)
}

// stopGenerator ends the machine that makes the load, which is no use to another run, and tells what it cost.
func (s *session) stopGenerator(ctx context.Context, results []Outcome) {
	m := s.generator.machine
	r := Outcome{Machine: m}
	s.giveBack(ctx, &r)
	rental := &Rental{Machine: m, Price: s.plan.Generator().Price, Rented: time.Since(m.Launched)}
	for i := range results {
		results[i].Generator = rental
		results[i].Notes = append(results[i].Notes, r.Notes...)
	}
}

// send puts the program into the bucket.
func (g *generator) send(ctx context.Context) error {
	path := g.Binary
	if path == "" {
		path = g.Own
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the program for the generator: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	g.sum = hex.EncodeToString(sum.Sum(nil))
	store := g.plan.Store(g.Cloud)
	return store.Put(ctx, g.key("plimsoll"), file)
}

func (g *generator) key(name string) string { return g.plan.Run + "/generator/" + name }

// probe asks an address from the generator.
func (g *generator) probe(ctx context.Context, url string) (int, error) {
	status, _, err := g.ask(ctx, url, 1)
	return status, err
}

// ask asks an address some times, and returns the last status and the least time.
func (g *generator) ask(ctx context.Context, url string, times int) (status int, least time.Duration, err error) {
	s := script.Step{Name: "probe", Title: "ask " + url, Limit: time.Duration(times)*6*time.Second + 30*time.Second, Vars: map[string]string{"url": url, "times": fmt.Sprint(times)}}
	text, err := s.Run(ctx, g.Cloud.Commands, g.machine.ID)
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(text) {
		var seconds float64
		if n, _ := fmt.Sscanf(line, "status %d %f", &status, &seconds); n != 2 || status == 0 {
			continue
		}
		if took := time.Duration(seconds * float64(time.Second)); least == 0 || took < least {
			least = took
		}
	}
	if status == 0 {
		return 0, 0, errors.New("nothing answers the generator there")
	}
	return status, least, nil
}

// load runs plimsoll on the generator and keeps its record at home as it grows.
func (g *generator) load(ctx context.Context, r *Outcome, c Child) (int, error) {
	store := g.plan.Store(g.Cloud)
	packed, err := bundle(g.plan, c.Args)
	if err != nil {
		return -1, err
	}
	key := g.key(filepath.Base(r.Folder) + "/bundle.tgz")
	if err := store.Put(ctx, key, bytes.NewReader(packed)); err != nil {
		return -1, err
	}
	url, err := store.PresignGet(ctx, key, urlLife)
	if err != nil {
		return -1, err
	}
	program, err := store.PresignGet(ctx, g.key("plimsoll"), urlLife) // a sweep is longer than any address holds
	if err != nil {
		return -1, err
	}
	start := script.Step{Name: "generator", Title: "start the load", Limit: 5 * time.Minute, Vars: map[string]string{
		"folder": g.plan.Folder(), "program": program, "sum": g.sum, "bundle": url, "needs": needs(c.Args),
	}}
	if _, err := start.Run(ctx, g.Cloud.Commands, g.machine.ID); err != nil {
		return -1, err
	}
	code, err := g.follow(ctx, r, c)
	if ctx.Err() == nil {
		return code, err
	}
	ending, cancel := g.stops.until(ctx, 2)
	defer cancel()
	stop := script.Step{Name: "generator-stop", Title: "stop the load", Vars: map[string]string{"folder": g.plan.Folder()}}
	if _, err := stop.Run(ending, g.Cloud.Commands, g.machine.ID); err != nil {
		return -1, err
	}
	ending, cancelTime := context.WithTimeout(ending, childGrace)
	defer cancelTime()
	return g.follow(ending, r, c)
}

// needs is what the machine must have besides for the load: git, where the test is cloned.
func needs(args []string) string {
	for _, a := range args {
		if strings.HasPrefix(a, "--repo=") {
			return "git"
		}
	}
	return ""
}

// follow looks at the load until it has ended; a look that fails is not its end.
func (g *generator) follow(ctx context.Context, r *Outcome, c Child) (code int, err error) {
	code = -1
	said, failed := "", 0
	err = provider.Poll(ctx, generatorInterval, func() (bool, error) {
		text, err := g.look(ctx, r)
		if err != nil {
			if failed++; failed > 30 || ctx.Err() != nil {
				return false, err
			}
			return false, nil
		}
		failed = 0
		ended := false
		for line := range strings.Lines(text) {
			if now, ok := strings.CutPrefix(strings.TrimSpace(line), "says "); ok && now != said {
				said = now
				fmt.Fprintln(c.Stderr, now)
			}
			if n, _ := fmt.Sscanf(line, "code %d", &code); n == 1 {
				ended = true
			}
		}
		return ended, nil
	})
	return code, err
}

// look fetches the record as far as it is.
func (g *generator) look(ctx context.Context, r *Outcome) (string, error) {
	store, key := g.plan.Store(g.Cloud), g.key(filepath.Base(r.Folder)+"/record.gz")
	url, err := store.PresignPut(ctx, key, urlLife)
	if err != nil {
		return "", err
	}
	s := script.Step{Name: "generator-look", Title: "look at the load", Limit: 2 * time.Minute, Vars: map[string]string{"folder": g.plan.Folder(), "url": url}}
	text, err := s.Run(ctx, g.Cloud.Commands, g.machine.ID)
	if err != nil || !strings.Contains(text, "sent\n") {
		return text, err
	}
	body, err := store.Get(ctx, key)
	if err != nil {
		return "", err
	}
	packed, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return "", err
	}
	f := fetcher{into: r.Folder}
	if err := f.unpack(filepath.Base(r.Record), packed); err != nil && !errors.Is(err, errPacked) {
		return "", err
	}
	return text, nil
}

// start is the script that runs plimsoll on the generator: it ends the load
// when nobody has looked at it for too long.
func start(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = script.Quote(a)
	}
	return fmt.Sprintf(`cd "$(dirname "$0")/work" || exit 1
../plimsoll %s >../summary.txt 2>../progress.txt </dev/null &
pid=$!
echo "$pid" >../pid
while kill -0 "$pid" 2>/dev/null; do
	sleep 2
	if [ $(($(date +%%s) - $(date +%%s -r ../alive))) -gt %d ]; then
		kill -TERM "$pid" 2>/dev/null
	fi
done
wait "$pid"
echo "$?" >../code
`, strings.Join(quoted, " "), int(generatorPatience.Seconds()))
}

// bundle packs the script's folder and how plimsoll is to be started.
func bundle(p *plan.Plan, args []string) ([]byte, error) {
	out := &bytes.Buffer{}
	zipped := gzip.NewWriter(out)
	w := tar.NewWriter(zipped)
	text := start(args)
	if err := w.WriteHeader(&tar.Header{Name: ".plimsoll-start.sh", Mode: 0o700, Size: int64(len(text))}); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, err
	}
	if p.Options.Folder != "" {
		if err := addFolder(w, p.Options.Folder); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), zipped.Close())
	return out.Bytes(), err
}

// addFolder adds the files of a folder, without version control.
func addFolder(w *tar.Writer, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // it was only read
	total := int64(0)
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(root.FS(), path)
		if err != nil {
			return err
		}
		if total += int64(len(text)); total > maxBundle {
			return plan.Wrong("put the script into a folder of its own, or into a repository (--repo)", "the script's folder %s has more than %d MiB", folder, maxBundle>>20)
		}
		if err := w.WriteHeader(&tar.Header{Name: path, Mode: 0o600, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
}
