package fakeaws

import (
	"net/http"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// newObjects is S3 in memory. It knows no rules of lifecycle, which are therefore taken and forgotten here.
func newObjects() http.Handler {
	s3 := gofakes3.New(s3mem.New(), gofakes3.WithAutoBucket(false)).Server()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("lifecycle") && r.Method == http.MethodPut {
			w.WriteHeader(http.StatusOK)
			return
		}
		s3.ServeHTTP(w, r)
	})
}
