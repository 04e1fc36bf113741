package vu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"
)

// Bounds of what handleSummary may take and return.
const (
	summaryLimit    = 2 * time.Minute
	maxSummaryFiles = 100
	maxSummaryBytes = 64 << 20 // of all
)

// SummaryFile is one of those that handleSummary returns: a path, stdout or stderr.
type SummaryFile struct {
	Path string
	Data []byte
}

// HandlesSummary says whether the script exports handleSummary.
func (f *Factory) HandlesSummary() bool { return f.home.hooks[handleSummary] != nil }

// SetupData is what beforeAll returned, as JSON; empty: nothing.
func (f *Factory) SetupData() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.data
}

// HandleSummary calls the script's handleSummary with data, as JSON, and
// returns what it wants written, in its order. It is for when AfterAll has run.
func (f *Factory) HandleSummary(ctx context.Context, data string) ([]SummaryFile, error) {
	u := f.home
	value, err := u.fromJSON(data)
	if err != nil {
		return nil, plain{u.explain(handleSummary.String(), err)}
	}
	u.k6 = []goja.Value{value}
	result, err := u.hook(ctx, handleSummary, summaryLimit, u.hooks[handleSummary])
	if err != nil {
		return nil, plain{u.explain(handleSummary.String(), err)}
	}
	var files []SummaryFile
	_, err = u.guarded("what handleSummary returned", func() (goja.Value, error) {
		files, err = u.summaryFiles(result)
		return goja.Undefined(), err
	})
	if err != nil {
		return nil, fmt.Errorf("handleSummary: %w", err)
	}
	return files, nil
}

// summaryFiles reads the object that handleSummary returned; nothing is no file.
func (u *User) summaryFiles(result goja.Value) (files []SummaryFile, err error) {
	if result == nil || goja.IsUndefined(result) || goja.IsNull(result) {
		return nil, nil
	}
	o, ok := result.(*goja.Object)
	if !ok {
		return nil, errors.New("it returned no object: return { stdout: '…', 'summary.json': '…' }")
	}
	keys := o.Keys()
	if len(keys) > maxSummaryFiles {
		return nil, fmt.Errorf("it returned %d files: at most %d are written", len(keys), maxSummaryFiles)
	}
	room := maxSummaryBytes
	for _, key := range keys {
		file := SummaryFile{Path: key}
		switch v := o.Get(key).Export().(type) {
		case string:
			file.Data = []byte(v)
		case goja.ArrayBuffer:
			if !v.Detached() {
				file.Data = append(file.Data, v.Bytes()...)
			}
		case nil:
			continue
		default:
			return nil, fmt.Errorf("what it returned for %.100q is neither text nor an ArrayBuffer: JSON.stringify it", key)
		}
		if room -= len(file.Data); room < 0 {
			return nil, fmt.Errorf("it returned more than %d MB", maxSummaryBytes>>20)
		}
		files = append(files, file)
	}
	return files, nil
}
