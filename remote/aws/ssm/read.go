package ssm

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote"
)

const (
	// chunk is how many bytes one answer carries: 23,800 characters of base64, and room for the first answer's header.
	chunk     = 17850
	chunkTime = 30 * time.Second
)

// ErrIncomplete is output that did not come home whole, though it was fetched twice.
var ErrIncomplete = errors.New("the output is incomplete")

// Read runs a command on one machine and brings home what it prints, of any length: the machine keeps it in a file,
// compressed, and it comes in chunks, one command each, checked by SHA-256. Where the check fails twice the part that
// can be read comes with ErrIncomplete. What the script prints to standard error stays in the *remote.CommandError.
func (c Client) Read(ctx context.Context, machine string, command remote.Command) ([]byte, error) {
	command = filled(command)
	spool := command
	spool.Machines = []string{machine}
	spool.Script = spoolScript(command.Script)
	first, err := c.one(ctx, spool)
	if err != nil {
		return nil, err
	}
	header, body, _ := strings.Cut(first, "\n")
	var f file
	if _, err := fmt.Sscan(header, &f.path, &f.size, &f.sum); err != nil {
		return nil, fmt.Errorf("%s on %s: its answer is not ours: %q: %w", command.Title, machine, header, err)
	}
	defer c.remove(ctx, machine, f)
	packed, err := c.chunks(ctx, machine, f, body)
	if err == nil && !f.matches(packed) {
		packed, err = c.chunks(ctx, machine, f, "")
	}
	if err == nil && !f.matches(packed) {
		err = fmt.Errorf("%s on %s: %w: %d of %d compressed bytes, with another SHA-256", command.Title, machine, ErrIncomplete, len(packed), f.size)
	}
	text, unpackErr := unpack(packed)
	if err == nil && unpackErr != nil {
		err = fmt.Errorf("%s on %s: %w: %w", command.Title, machine, ErrIncomplete, unpackErr)
	}
	return text, err
}

// file is the spooled output on the machine, compressed.
type file struct {
	path string
	size int
	sum  string // SHA-256, hexadecimal
}

func (f file) matches(packed []byte) bool {
	sum := sha256.Sum256(packed)
	return len(packed) == f.size && hex.EncodeToString(sum[:]) == f.sum
}

// spoolScript runs a script with its output in a file, and answers with the file's path, size and sum and its first chunk.
func spoolScript(script string) string {
	return `dir=$(mktemp -d /tmp/plimsoll.XXXXXXXX) || exit 1
(
` + strings.TrimRight(script, "\n") + `
) >"$dir/out"
code=$?
if [ $code -ne 0 ]; then tail -c 4000 "$dir/out"; rm -rf "$dir"; exit $code; fi
gzip -n "$dir/out" || exit 1
set -- $(sha256sum "$dir/out.gz")
echo "$dir/out.gz $(($(wc -c <"$dir/out.gz"))) $1"
` + chunkScript(`"$dir/out.gz"`, 0)
}

// chunkScript prints one chunk of a file, whose path is quoted already, in base64.
func chunkScript(path string, offset int) string {
	return fmt.Sprintf("tail -c +%d %s | head -c %d | base64 -w0\n", offset+1, path, chunk)
}

// chunks fetches a spooled file; first is its first chunk in base64, if that has come already. What it has is returned with an error, too.
func (c Client) chunks(ctx context.Context, machine string, f file, first string) ([]byte, error) {
	packed := make([]byte, 0, f.size)
	for offset := 0; offset < f.size; offset += chunk {
		text := first
		if offset > 0 || first == "" {
			var err error
			text, err = c.one(ctx, remote.Command{
				Machines: []string{machine}, Title: fmt.Sprintf("fetch bytes %d to %d of %d", offset, min(offset+chunk, f.size), f.size),
				Script: chunkScript(quote(f.path), offset), Execution: chunkTime,
			})
			if err != nil {
				return packed, err
			}
		}
		part, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		packed = append(packed, part...)
		if err != nil {
			break // cut or broken on its way: the sum does not match, and all is fetched once more
		}
	}
	return packed, nil
}

// remove deletes the spooled file. That it stays in /tmp of a machine that is ended soon is no reason to fail.
func (c Client) remove(ctx context.Context, machine string, f file) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), chunkTime)
	defer stop()
	_, _ = c.one(ctx, remote.Command{
		Machines: []string{machine}, Title: "remove the fetched file", Execution: chunkTime,
		Script: "rm -rf " + quote(strings.TrimSuffix(f.path, "/out.gz")),
	})
}

// one runs a command on its only machine and returns what it printed.
func (c Client) one(ctx context.Context, command remote.Command) (string, error) {
	results, err := c.Run(ctx, command)
	if err != nil {
		return "", err
	}
	return results[0].Stdout, results[0].Err(command.Title)
}

// unpack returns as much as can be read.
func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}
