package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// maxChunked is the largest packed file that is worth fetching in chunks when there is a bucket.
const maxChunked = 600 << 10

// remoteFile is a packed file on a machine.
type remoteFile struct {
	name string // without .gz
	size int64  // packed
	sum  string // SHA-256 of the packed file, in hexadecimal
}

// listed reads what collect.sh printed. Names are checked: they become names of local files.
func listed(text string) []remoteFile {
	var all []remoteFile
	for line := range strings.Lines(text) {
		var f remoteFile
		if n, _ := fmt.Sscanf(line, "file %s %d %s", &f.name, &f.size, &f.sum); n != 3 {
			continue
		}
		if f.name == filepath.Base(f.name) && f.size > 0 && len(f.sum) == sha256.Size*2 {
			all = append(all, f)
		}
	}
	return all
}

// fetcher brings files of one machine home.
type fetcher struct {
	commands provider.Commands
	store    provider.Store // nil: chunks only
	machine  string
	folder   string // there
	into     string // here
	prefix   string // of keys in the store
}

// PartError is a file that came home damaged; what could be read of it is kept.
type PartError struct {
	Name      string
	Kept, All int64 // bytes, packed
}

func (e *PartError) Error() string {
	return fmt.Sprintf("%s came home damaged twice: what could be read of it is kept (%d of %d packed bytes)", e.Name, e.Kept, e.All)
}

// fetch brings one file home, unpacked.
func (f fetcher) fetch(ctx context.Context, file remoteFile) error {
	var packed []byte
	for range 2 { // a damaged one is fetched again, once
		var err error
		if packed, err = f.packed(ctx, file); err != nil {
			return err
		}
		if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) == file.sum {
			return f.unpack(file.name, packed)
		}
	}
	if err := f.unpack(file.name, packed); err != nil && !errors.Is(err, errPacked) {
		return err
	}
	return &PartError{Name: file.name, Kept: int64(len(packed)), All: file.size}
}

func (f fetcher) packed(ctx context.Context, file remoteFile) ([]byte, error) {
	if f.store != nil && file.size > maxChunked {
		return f.stored(ctx, file)
	}
	return f.commands.ReadFile(ctx, f.machine, f.folder+"/"+file.name+".gz", file.size)
}

// stored lets the machine send a file to the bucket, and takes it from there.
func (f fetcher) stored(ctx context.Context, file remoteFile) ([]byte, error) {
	const limit = 10 * time.Minute
	key := f.prefix + file.name + ".gz"
	url, err := f.store.PresignPut(ctx, key, limit)
	if err != nil {
		return nil, err
	}
	s := script.Step{Name: "put", Title: "send " + file.name, Limit: limit, Vars: map[string]string{
		"file": f.folder + "/" + file.name + ".gz", "url": url, "seconds": fmt.Sprint(int(limit.Seconds())),
	}}
	if _, err := s.Run(ctx, f.commands, f.machine); err != nil {
		return nil, err
	}
	body, err := f.store.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	packed, err := io.ReadAll(io.LimitReader(body, file.size+1))
	return packed, errors.Join(err, body.Close())
}

// errPacked is a packed file that ends too early or is no such file.
var errPacked = errors.New("damaged")

// maxUnpacked bounds what a small file may become.
const maxUnpacked = 1 << 30

// unpack writes what can be read of a packed file.
func (f fetcher) unpack(name string, packed []byte) error {
	in, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return errPacked
	}
	out, err := os.Create(filepath.Join(f.into, name))
	if err != nil {
		return err
	}
	_, broken := io.Copy(out, io.LimitReader(in, maxUnpacked))
	if err := out.Close(); err != nil {
		return err
	}
	if broken != nil {
		return errPacked
	}
	return nil
}

// Offset is how far this machine's clock is ahead of another one's.
type Offset struct {
	Ahead  time.Duration
	Within time.Duration // it is known to be right within this
}

// offset reads a machine's clock. The script runs somewhere between the
// sending and the answer: the middle is right within half of that.
func (f fetcher) offset(ctx context.Context) (Offset, error) {
	var best Offset
	for n := range 3 {
		sent := time.Now()
		text, err := plan.ClockStep().Run(ctx, f.commands, f.machine)
		if err != nil {
			return best, err
		}
		took := time.Since(sent)
		var seconds, fraction int64
		if _, err := fmt.Sscanf(strings.TrimSpace(text), "clock %d.%d", &seconds, &fraction); err != nil {
			return best, fmt.Errorf("the machine's clock cannot be read from %q", text)
		}
		o := Offset{Ahead: sent.Add(took / 2).Sub(time.Unix(seconds, fraction)), Within: took / 2}
		if n == 0 || o.Within < best.Within {
			best = o
		}
	}
	return best, nil
}
