package vu_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

func benchmark(b *testing.B, code string) {
	b.Helper()
	_, u := start(b, code)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		u.Iterate(ctx, "", time.Time{})
	}
}

func BenchmarkIterationEmpty(b *testing.B) {
	benchmark(b, `import { scenario } from 'plimsoll'
scenario('empty', () => {})`)
}

func BenchmarkIterationPicked(b *testing.B) {
	benchmark(b, `import { scenario } from 'plimsoll'
for (let i = 0; i < 5; i++) scenario('s' + i, { weight: i }, ({ vu, iteration }) => {})`)
}

func BenchmarkIterationCheck(b *testing.B) {
	benchmark(b, `import { scenario, check } from 'plimsoll'
scenario('checked', () => { check(200, { 'status is 200': (s) => s === 200 }) })`)
}

func BenchmarkIterationAsync(b *testing.B) {
	benchmark(b, `import { scenario } from 'plimsoll'
scenario('async', async () => { await null })`)
}

func BenchmarkIterationFailing(b *testing.B) {
	benchmark(b, `import { scenario } from 'plimsoll'
scenario('failing', () => { throw new Error('no') })`)
}

// BenchmarkMemory reports what one more virtual user costs.
func BenchmarkMemory(b *testing.B) {
	for name, code := range map[string]string{
		"empty":    `export default () => {}`,
		"check":    "import { scenario, check } from 'plimsoll'\nscenario('s', ({ vu }) => { check(vu, { a: (v) => v > 0 }) })",
		"async":    "import { scenario } from 'plimsoll'\nscenario('s', async () => { await null })",
		"toplevel": "await null; export default () => {}",
	} {
		b.Run("script="+name, func(b *testing.B) {
			x, first := start(b, code)
			first.Iterate(b.Context(), "", time.Time{})
			var users []*vu.User
			before := heap()
			for b.Loop() {
				u, err := x.factory.New(b.Context(), 2)
				if err != nil {
					b.Fatal(err)
				}
				u.Iterate(b.Context(), "", time.Time{})
				users = append(users, u)
			}
			b.ReportMetric(float64(heap()-before)/float64(len(users)), "B/user")
			runtime.KeepAlive(users)
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
