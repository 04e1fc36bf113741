package script

import "strings"

// ofK6 says what to use instead of a module that k6 has and this program has not; empty: k6 has none of this name either.
func ofK6(name string) string {
	switch name {
	case "k6/data":
		return "read data once, at the top level: const list = JSON.parse(open('list.json')), or import list from './list.json'"
	case "k6/encoding":
		return "btoa and atob are globals, TextEncoder and TextDecoder too"
	case "k6/crypto", "k6/crypto/x509", "k6/experimental/webcrypto":
		return "install an npm package for browsers that does the same beside the script, such as @noble/hashes"
	case "k6/html":
		return "install an npm package for browsers that reads HTML beside the script, such as htmlparser2"
	case "k6/ws", "k6/websockets", "k6/experimental/websockets":
		return "this program speaks HTTP alone: WebSockets are not there"
	case "k6/net/grpc", "k6/experimental/grpc":
		return "this program speaks HTTP alone: gRPC is not there"
	case "k6/browser", "k6/experimental/browser":
		return "this program drives no browser: send the page's requests with k6/http"
	case "k6/secrets":
		return "give secrets as variables, with --secret NAME=VALUE: they are in __ENV, and in no output"
	case "k6/experimental/fs", "k6/experimental/csv", "k6/experimental/streams":
		return "read files with open(path) while the script is being loaded"
	case "k6/experimental/redis", "k6/experimental/tracing":
		return "k6 itself has it no more: it is not there"
	}
	if strings.HasPrefix(name, "k6/x/") {
		return "extensions of k6 are programs in Go: examples/custom shows a module of your own"
	}
	return ""
}
