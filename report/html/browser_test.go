//go:build real

package html_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a headless Chromium with one page in it.
type browser struct {
	*testing.T
	ctx  context.Context //nolint:containedctx // it is chromedp's handle of the tab
	mu   sync.Mutex
	said []string // console errors, exceptions, violated policies
	sent []string // requests beyond the page itself
}

// chromium is one browser for all tests of this package; it ends with the test binary.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("chromium is missing (apt-get install chromium): %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocated, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocated)
	return ctx, chromedp.Do(ctx)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if ctx, err := chromium(); err == nil {
		if err := chromedp.Cancel(ctx); err != nil && code == 0 {
			code = 1
		}
	}
	os.Exit(code)
}

// visit opens a page in a tab of its own, from a server that may have a policy of its own.
func visit(t *testing.T, page, policy string, before ...chromedp.Action[chromedp.Void]) *browser {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if _, err := fmt.Fprint(w, page); err != nil {
			t.Log(err)
		}
	}))
	t.Cleanup(server.Close)
	tab, closeTab := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	b := &browser{T: t, ctx: tab}
	b.run()
	if err := chromedp.Listen(tab, b.listen(server.URL)); err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable.Method, func(ctx context.Context) error { _, err := chromedp.Call(ctx, log.Enable, struct{}{}); return err })
	call(b, network.Enable.Method, func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	})
	b.run(before...)
	b.run(chromedp.Navigate(server.URL+"/"), chromedp.WaitReady("#live"))
	return b
}

// call runs a command of the protocol.
func call(b *browser, name string, command func(context.Context) error) {
	b.Helper()
	if err := command(b.ctx); err != nil {
		b.Fatalf("%s: %v", name, err)
	}
}

func (b *browser) listen(home string) func(any) {
	return func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				b.said = append(b.said, fmt.Sprint(e.Type, " ", e.Args[0].Value, e.Args[0].Description))
			}
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception))
		case *log.EventEntryAdded:
			b.said = append(b.said, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; u != home+"/" && !strings.HasSuffix(u, "/favicon.ico") && !strings.HasPrefix(u, "blob:") {
				b.sent = append(b.sent, u)
			}
		}
	}
}

// run does steps in order, within half a minute.
func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx := b.ctx
	if len(steps) > 0 { // the first run, without any, opens the tab, which lives as long as its context
		limited, cancel := context.WithTimeout(b.ctx, 30*time.Second)
		defer cancel()
		ctx = limited
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("%v (the page said %q)", err, b.said)
	}
}

// js evaluates an expression into a value of Go.
func js[T any](b *browser, expression string, options ...chromedp.EvaluateOption) T {
	b.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		b.Fatalf("%s: %v (the page said %q)", expression, err, b.said)
	}
	return out
}

// quiet says that nothing was complained about and nothing was asked of the network.
func (b *browser) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.said) > 0 {
		b.Errorf("the page complains: %q", b.said)
	}
	if len(b.sent) > 0 {
		b.Errorf("the page asks the network for %q", b.sent)
	}
}

// screenshot is what a person sees of a page.
type screenshot struct{ image.Image }

// look takes a picture of the page's upper part.
func (b *browser) look(width, height int64, scheme string) screenshot {
	b.Helper()
	call(b, "emulate", func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
	b.run(chromedp.EmulateViewport(width, height))
	body, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	return screenshot{picture}
}

// share is the part of the picture whose colours are so.
func (s screenshot) share(so func(r, g, b uint32) bool) float64 {
	n, bounds := 0, s.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := s.At(x, y).RGBA()
			if so(r>>8, g>>8, b>>8) {
				n++
			}
		}
	}
	return float64(n) / float64(bounds.Dx()*bounds.Dy())
}
