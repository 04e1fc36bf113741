// Package provider is what remote asks of a cloud: small interfaces, each for one use, the values that pass through
// them, the kinds of failure that are answered in ways of their own, and how things that take time are waited for. A
// cloud is one folder that fills a [Cloud]; all that uses one knows this package alone.
package provider
