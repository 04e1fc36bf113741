package globals_test

import (
	"runtime"
	"testing"

	"github.com/dop251/goja"
)

// BenchmarkMemory reports what a machine costs that uses something, over one
// that does not.
func BenchmarkMemory(b *testing.B) {
	for name, code := range map[string]string{
		"nothing":        `1`,
		"toLocaleString": `(1234.5).toLocaleString('de-DE')`,
		"date":           `new Date(0).toLocaleDateString('en-US', { timeZone: 'Asia/Tokyo' })`,
		"Intl":           `new Intl.NumberFormat('fr-FR').format(1)`,
	} {
		b.Run("uses="+name, func(b *testing.B) {
			var machines []any
			before := heap()
			for b.Loop() {
				h := bare(b)
				if name != "nothing" {
					h.Export("plimsoll:guards", "toLocaleString")
				}
				if name == "Intl" {
					if err := h.VM().Set("Intl", h.Export("globals", "Intl")); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := h.VM().RunString(code); err != nil {
					b.Fatal(err)
				}
				machines = append(machines, h)
			}
			b.ReportMetric(float64(heap()-before)/float64(len(machines)), "B/machine")
			runtime.KeepAlive(machines)
		})
	}
}

func BenchmarkToLocaleString(b *testing.B) {
	for name, code := range map[string]string{
		"number": `(() => { for (let i = 0; i < 1000; i++) (1234.5 + i).toLocaleString('de-DE') })`,
		"date":   `(() => { const d = new Date(0); for (let i = 0; i < 1000; i++) d.toLocaleDateString('en-US', { timeZone: 'Asia/Tokyo' }) })`,
	} {
		b.Run("of="+name, func(b *testing.B) {
			v, err := withGuards(b).VM().RunString(code)
			if err != nil {
				b.Fatal(err)
			}
			run, _ := goja.AssertFunction(v)
			for b.Loop() { // a thousand each
				if _, err := run(goja.Undefined()); err != nil {
					b.Fatal(err)
				}
			}
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
